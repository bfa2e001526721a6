// Reading Range, and writing what answers it.
#include "commands/filesrv/http_range.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace netkit::filesrv {
namespace {

/// Decimal digits and nothing else; what is too large for the type is its largest value.
std::optional<std::uint64_t> parse_position(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    const auto more = static_cast<std::uint64_t>(digit - '0');
    value = value > (UINT64_MAX - more) / 10 ? UINT64_MAX : value * 10 + more;
  }
  return value;
}

/// One element: nullopt is malformed, a count of 0 lies behind the end.
std::optional<ByteRange> parse_range(std::string_view text, std::uint64_t size) {
  const std::size_t dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  const auto last = parse_position(text.substr(dash + 1));
  if (dash == 0) {  // The last so many bytes.
    if (!last) return std::nullopt;
    const std::uint64_t count = std::min(*last, size);
    return ByteRange{size - count, count};
  }
  const auto first = parse_position(text.substr(0, dash));
  if (!first || (!last && dash + 1 < text.size()) || (last && *last < *first)) return std::nullopt;
  if (*first >= size) return ByteRange{size, 0};
  const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return ByteRange{*first, end - *first + 1};
}

bool any_touch(std::vector<ByteRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& left, const ByteRange& right) { return left.first < right.first; });
  for (std::size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].first <= ranges[i - 1].first + ranges[i - 1].count) return true;
  return false;
}

/// In the order of the file, each byte once.
void put_together(std::vector<ByteRange>& ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& left, const ByteRange& right) { return left.first < right.first; });
  std::vector<ByteRange> merged;
  for (const ByteRange& range : ranges) {
    if (merged.empty() || range.first > merged.back().first + merged.back().count) {
      merged.push_back(range);
      continue;
    }
    const std::uint64_t end =
        std::max(merged.back().first + merged.back().count, range.first + range.count);
    merged.back().count = end - merged.back().first;
  }
  ranges = std::move(merged);
}

}  // namespace

RangeAnswer judge_range(std::string_view value, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  RangeAnswer answer;
  if (value.size() < unit.size() || !equal_ignoring_case(value.substr(0, unit.size()), unit))
    return answer;
  std::size_t count = 0;
  std::vector<ByteRange> ranges;
  for (const std::string_view part : split(value.substr(unit.size()), ',')) {
    const std::string_view text = trim(part);
    if (text.empty()) continue;  // RFC 9110, 5.6.1.2: lists may have empty elements.
    const auto range = parse_range(text, size);
    if (!range || ++count > ranges_max) return answer;
    if (range->count > 0) ranges.push_back(*range);
    // The last bytes of a file that has none are all of it (RFC 9110, 14.1.2), which no
    // Content-Range can say.
    if (range->count == 0 && text.front() == '-' && parse_position(text.substr(1)) != 0)
      return answer;
  }
  if (count == 0) return answer;
  answer.extent = ranges.empty() ? Extent::unsatisfiable : Extent::ranges;
  if (any_touch(ranges)) put_together(ranges);
  answer.ranges = std::move(ranges);
  return answer;
}

std::string content_range(ByteRange range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" +
         std::to_string(range.first + range.count - 1) + "/" + std::to_string(size);
}

std::string content_range_of_none(std::uint64_t size) {
  return "bytes */" + std::to_string(size);
}

MultipartRanges::MultipartRanges(std::vector<ByteRange> ranges, std::uint64_t size,
                                 std::string type, std::string boundary)
    : ranges_{std::move(ranges)},
      size_{size},
      type_{std::move(type)},
      boundary_{std::move(boundary)} {}

std::string MultipartRanges::head(std::size_t index) const {
  return (index == 0 ? "--" : "\r\n--") + boundary_ + "\r\nContent-Type: " + type_ +
         "\r\nContent-Range: " + content_range(ranges_[index], size_) + "\r\n\r\n";
}

std::uint64_t MultipartRanges::length() const {
  std::uint64_t length = tail().size();
  for (std::size_t i = 0; i < ranges_.size(); ++i)
    length += head(i).size() + ranges_[i].count;
  return length;
}

}  // namespace netkit::filesrv
