// How chat's terminal words what it shows: messages, people, rooms, completions. Pure but for the
// time zone; whatever others wrote is shown as text alone.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "commands/relay/said.hpp"
#include "wire/json.hpp"

namespace netkit::relay {

struct ChatLook {
  bool colour = false;
  bool rooms = false;  ///< There are several: each message says which.
};

/// "14:03 anna: text"; a text of several lines goes on below, indented.
std::vector<std::string> message_lines(const Said& said, bool own, const ChatLook& look);
/// "14:03 * anna came", in a shade that does not stand out.
std::string notice_line(std::uint64_t time_ms, std::string_view sentence, const ChatLook& look);

/// The answers to who, rooms and history, a line each.
std::vector<std::string> people_lines(const wire::Json& answer, const ChatLook& look);
std::vector<std::string> room_lines(const wire::Json& answer);
std::vector<std::string> history_lines(const wire::Json& answer, const ChatLook& look);
const std::vector<std::string>& help_lines();

/// What the last word of `before` may become: a command, a room or a nick.
std::vector<std::string> completions(std::string_view before, const std::set<std::string>& nicks,
                                     const std::set<std::string>& rooms);

}  // namespace netkit::relay
