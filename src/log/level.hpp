// How important an event is, and the words for it in options and in lines.
#pragma once

#include <string_view>

#include "base/result.hpp"

namespace netkit::log {

enum class Level { trace, debug, info, warn, error, off };

/// "trace", "debug", "info", "warn", "error", "off".
std::string_view to_text(Level level) noexcept;

/// Reads what to_text writes, in any case; "warning" is warn. Errc::usage with "did you mean".
Result<Level> parse_level(std::string_view text);

/// The syslog severity (RFC 5424, 6.2.1) that journald takes as a prefix: error 3, warn 4, info 6,
/// debug and trace 7.
int to_severity(Level level) noexcept;

}  // namespace netkit::log
