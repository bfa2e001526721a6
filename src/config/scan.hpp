// Looks over a configuration file before the TOML library sees it: the library is not safe with
// every byte. Used by parse_file alone.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace netkit::config {

/// Errc::usage or Errc::too_large, naming `path` and line, for a line over line_size_max, a key
/// with too many dots, bytes that are not UTF-8, characters that are invisible or change the
/// direction of text, one past ASCII outside quotes and comments, and for a string of several lines.
/// Whether the rest is TOML is left to the library. `text` has no byte order mark.
Status scan(std::string_view text, const std::string& path);

}  // namespace netkit::config
