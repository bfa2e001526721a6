// Looks over a configuration file before the TOML library sees it: the library is not safe with
// every byte. Used by parse_file alone.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace netkit::config {

/// Errc::usage or Errc::too_large, naming `path` and line, for a line over line_size_max, a key
/// with too many dots, bytes that are not UTF-8, characters that are invisible or change the
/// direction of text, one past ASCII outside quotes and comments, strings of several lines, tables
/// inside values, and a quotation mark, bracket or equals sign where no value or key starts. What
/// passes may still not be TOML: the library tells. `text` has no byte order mark.
Status scan(std::string_view text, const std::string& path);

}  // namespace netkit::config
