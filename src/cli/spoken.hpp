// How what people say, and who says it, is shown to others on a terminal. For chat and peer; knows
// no message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace netkit::cli {

/// What anybody may have written as one line that drives no terminal: a line end becomes " / ",
/// other control and direction characters \xHH. Tabs and backslashes stay: for people, not to be
/// read back.
std::string one_line(std::string_view text);

/// "14:03", in the time zone of who reads it.
std::string clock_text(std::uint64_t time_ms);

/// `colour` is the number of an SGR sequence (ECMA-48, 8.3.117), "1" for bold.
std::string painted(std::string_view text, std::string_view colour, bool wanted);
/// The same one for the same name, always.
std::string_view colour_of(std::string_view name);

}  // namespace netkit::cli
