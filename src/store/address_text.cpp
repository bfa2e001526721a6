// Reading address lists line by line, and changing lines of them.
#include "store/address_text.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <net/if.h>
#include <unordered_set>

#include "base/text.hpp"

namespace netkit::store {
namespace {

constexpr std::size_t garbage_shown_max = 200;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

using Addresses = std::unordered_set<std::string>;

struct Line {
  std::string_view whole;    ///< With its line end.
  std::string_view text;     ///< Without line end and byte order mark.
  std::string_view content;  ///< Without comment and white space around.
  bool finished = false;
};

/// Takes the first line off `rest`, which is not empty.
Line take_line(std::string_view& rest, bool first) {
  Line line;
  const std::size_t end = rest.find('\n');
  line.finished = end != std::string_view::npos;
  line.whole = rest.substr(0, line.finished ? end + 1 : rest.size());
  rest.remove_prefix(line.whole.size());
  line.text = line.whole.substr(0, line.whole.size() - (line.finished ? 1 : 0));
  if (line.text.ends_with('\r')) line.text.remove_suffix(1);
  if (first && line.text.starts_with(byte_order_mark))
    line.text.remove_prefix(byte_order_mark.size());
  line.content = trim(line.text.substr(0, line.text.find('#')));
  return line;
}

/// Calls `visit(line, number)` for each line, from 1.
template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
  for (std::size_t number = 1; !text.empty(); ++number)
    visit(take_line(text, number == 1), number);
}

std::optional<std::string> canonical_v4(const std::string& text) {
  std::array<char, INET_ADDRSTRLEN> shown{};
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return inet_ntop(AF_INET, &address, shown.data(), shown.size());
}

std::optional<std::string> canonical_v6(const std::string& text, std::string_view zone) {
  std::array<char, INET6_ADDRSTRLEN> shown{};
  in6_addr address{};
  if (inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::nullopt;
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    if (!zone.empty()) return std::nullopt;
    return inet_ntop(AF_INET, &address.s6_addr[12], shown.data(), shown.size());
  }
  return inet_ntop(AF_INET6, &address, shown.data(), shown.size()) + std::string{zone};
}

/// `zone` with its percent sign.
bool is_zone(std::string_view zone) {
  if (zone.size() < 2 || zone.size() > IF_NAMESIZE) return false;
  return std::all_of(zone.begin() + 1, zone.end(), [](char letter) {
    return letter > ' ' && letter < '\x7f' && letter != '%' && letter != '/';
  });
}

Addresses canonical_set(std::span<const std::string> addresses) {
  Addresses set;
  for (const std::string& address : addresses)
    if (std::optional<std::string> canonical = canonical_address(address))
      set.insert(std::move(*canonical));
  return set;
}

std::string_view line_end_of(std::string_view text) {
  const std::size_t end = text.find('\n');
  const bool carriage_return = end != std::string_view::npos && end > 0 && text[end - 1] == '\r';
  return carriage_return ? "\r\n" : "\n";
}

}  // namespace

std::optional<std::string> canonical_address(std::string_view text) {
  const std::size_t percent = text.find('%');
  const std::string_view zone = percent == std::string_view::npos ? "" : text.substr(percent);
  const std::string_view address = text.substr(0, percent);
  // Longer texts than any address, and zero bytes, which would end the text early for inet_pton.
  if (address.size() >= INET6_ADDRSTRLEN || address.find('\0') != std::string_view::npos)
    return std::nullopt;
  if (!zone.empty() && !is_zone(zone)) return std::nullopt;
  if (address.find(':') != std::string_view::npos) return canonical_v6(std::string{address}, zone);
  return zone.empty() ? canonical_v4(std::string{address}) : std::nullopt;
}

bool ParsedAddresses::contains(std::string_view canonical) const {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const AddressLine& entry) { return entry.address == canonical; });
}

Result<ParsedAddresses> parse_addresses(std::string_view text) {
  const std::string attempt = "read the address list";
  if (text.size() > address_list_size_max)
    return Error{Errc::too_large, attempt, "more than 1 MiB"};
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  if (lines + (text.empty() || text.ends_with('\n') ? 0 : 1) > address_list_lines_max)
    return Error{Errc::too_large, attempt, "more than 100,000 lines"};
  ParsedAddresses parsed;
  Addresses known;
  for_each_line(text, [&](const Line& line, std::size_t number) {
    if (line.content.empty()) return;
    std::optional<std::string> address = canonical_address(line.content);
    if (!address) {
      const std::string_view shown = line.text.substr(0, garbage_shown_max);
      parsed.garbage.push_back({std::string{shown}, number, !line.finished});
      return;
    }
    const bool added = known.insert(*address).second;
    auto& lines_of = added ? parsed.entries : parsed.duplicates;
    lines_of.push_back({std::move(*address), number, !line.finished});
  });
  return parsed;
}

std::string without_addresses(std::string_view text, std::span<const std::string> addresses) {
  const Addresses unwanted = canonical_set(addresses);
  std::string kept;
  kept.reserve(text.size());
  for_each_line(text, [&](const Line& line, std::size_t) {
    const std::optional<std::string> address = canonical_address(line.content);
    if (!address || !unwanted.contains(*address)) {
      kept.append(line.whole);
    } else if (line.whole.starts_with(byte_order_mark) && line.text.data() != line.whole.data()) {
      kept.append(byte_order_mark);  // It belongs to the file, not to the line.
    }
  });
  return kept;
}

std::string without_address(std::string_view text, std::string_view address) {
  const std::string one{address};
  return without_addresses(text, {&one, 1});
}

std::string with_addresses(std::string_view text, std::span<const std::string> addresses) {
  Addresses known;
  for_each_line(text, [&](const Line& line, std::size_t) {
    if (std::optional<std::string> address = canonical_address(line.content))
      known.insert(std::move(*address));
  });
  const std::string_view line_end = line_end_of(text);
  std::string more{text};
  for (const std::string& wanted : addresses) {
    const std::optional<std::string> address = canonical_address(wanted);
    if (!address || !known.insert(*address).second) continue;
    if (!more.empty() && !more.ends_with('\n') && more != byte_order_mark) more.append(line_end);
    more.append(*address).append(line_end);
  }
  return more;
}

std::string with_address(std::string_view text, std::string_view address) {
  const std::string one{address};
  return with_addresses(text, {&one, 1});
}

}  // namespace netkit::store
