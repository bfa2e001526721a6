// Decoding by the table of RFC 3629, 4, and the list of characters that may not reach a terminal.
#include "base/code_point.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace netkit {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Sorted. Zero-width joiners (200C, 200D) stay out: Persian words and emoji need them.
constexpr Range unsafe[] = {
    {0x0000, 0x001f},    // C0 controls
    {0x007f, 0x009f},    // DEL and C1 controls
    {0x00ad, 0x00ad},    // soft hyphen
    {0x061c, 0x061c},    // Arabic letter mark
    {0x180e, 0x180e},    // Mongolian vowel separator
    {0x200b, 0x200b},    // zero width space
    {0x200e, 0x200f},    // direction marks
    {0x2028, 0x202e},    // line and paragraph separator, embeddings, overrides
    {0x2060, 0x206f},    // invisible operators, isolates
    {0xfdd0, 0xfdef},    // noncharacters
    {0xfeff, 0xfeff},    // byte order mark
    {0xfff0, 0xfffb},    // unassigned specials, interlinear annotation
    {0xe0000, 0xe0fff},  // tags and other default-ignorables
};

}  // namespace

CodePoint decode_code_point(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  char32_t value = lead & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3fu);
  }
  const bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (overlong || surrogate || value > 0x10ffff) return {};
  return {value, size};
}

bool is_safe_to_show(char32_t point) noexcept {
  if (point >= 0x20 && point < 0x7f) return true;
  if ((point & 0xfffe) == 0xfffe) return false;  // The last two of each plane.
  const Range* range = std::lower_bound(
      std::begin(unsafe), std::end(unsafe), point,
      [](const Range& candidate, char32_t wanted) { return candidate.last < wanted; });
  return range == std::end(unsafe) || point < range->first;
}

}  // namespace netkit
