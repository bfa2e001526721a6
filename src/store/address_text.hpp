// The text of an address list: an address a line, `#` comments, edited by hand. Reads it and
// changes single lines of it, leaving every other byte alone. Pure: never opens a file.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace netkit::store {

inline constexpr std::size_t address_list_size_max = 1024 * 1024;
inline constexpr std::size_t address_list_lines_max = 100'000;

/// The one spelling of an address: dotted v4 (also for v4-mapped v6), compressed lower-case v6 (RFC
/// 5952) with its zone as it was written ("fe80::1%eth0"). None for anything else.
std::optional<std::string> canonical_address(std::string_view text);

/// One line of a list; lines count from 1.
struct AddressLine {
  std::string address;  ///< Canonical.
  std::size_t line = 0;
  /// The text ends within this line. A writer may be in the middle of it: 192.0.2.1 may yet become
  /// 192.0.2.17, so wait until the file has been quiet before acting on it.
  bool unfinished = false;
};

struct GarbageLine {
  std::string text;  ///< Without its line end; at most 200 bytes, not escaped.
  std::size_t line = 0;
  bool unfinished = false;
};

struct ParsedAddresses {
  std::vector<AddressLine> entries;     ///< Each address once, at its first line, in file order.
  std::vector<AddressLine> duplicates;  ///< Further lines of an address that is in `entries`.
  std::vector<GarbageLine> garbage;     ///< Lines that hold something else than one address.

  bool contains(std::string_view canonical) const;
};

/// Blank lines, comments (whole lines and behind an address), CRLF, a byte order mark and a missing
/// last line end are fine. Errc::too_large past 1 MiB or 100,000 lines.
Result<ParsedAddresses> parse_addresses(std::string_view text);

/// `text` without the lines of these addresses (any spelling on either side), their comments and
/// line ends included.
std::string without_addresses(std::string_view text, std::span<const std::string> addresses);
std::string without_address(std::string_view text, std::string_view address);

/// `text` with a line for each of these addresses that has none yet. A missing last line end is
/// added first; line ends are as in the first line. What is no address is left out.
std::string with_addresses(std::string_view text, std::span<const std::string> addresses);
std::string with_address(std::string_view text, std::string_view address);

}  // namespace netkit::store
