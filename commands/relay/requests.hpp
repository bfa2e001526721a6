// What clients ask besides saying something: out of JSON (frames, the page) or a line that begins
// with a slash. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/relay/mesh.hpp"
#include "wire/json.hpp"

namespace netkit::relay {

enum class Ask : std::uint8_t {
  enter,
  join,
  part,
  nick,
  who,
  rooms,
  history,
  direct,  ///< Of those who write commands: text is what is said.
  say,     ///< A text that begins with a slash, written with two.
  moderate,
  help,
  quit,
};

struct RoomWish {
  std::string room;
  std::uint64_t history = 0;  ///< How many of its last messages.
};

struct Request {
  Ask what = Ask::help;
  std::string nick;  ///< enter, nick: its own; direct, moderate: the other's.
  std::string room;
  std::string relay;   ///< history: of that relay's log, from..to, in all rooms.
  std::string text;    ///< direct, say; moderate: why.
  std::string secret;  ///< enter: 32 bytes, or none.
  std::vector<RoomWish> rooms;
  std::optional<Vector> seen;
  bool events = false;
  std::uint64_t history = 0;  ///< join: as in RoomWish.
  std::uint64_t from = 0;     ///< history: numbers of messages; 0 to 0: the last ones.
  std::uint64_t to = 0;
  Measure measure = Measure::kick;
  std::uint64_t for_s = 0;  ///< moderate; 0: for good.
};

/// What the commands are, a line.
inline constexpr std::string_view command_help =
    "/nick NAME  /join ROOM [N]  /part  /who  /rooms  /msg NICK TEXT  /history [N | FROM..TO | "
    "RELAY:FROM..TO]  "
    "/kick NICK [WHY]  /mute NICK [DUR]  /ban NICK [DUR]  /quit; //text says /text";
inline constexpr std::string_view standard_room = "lobby";
inline constexpr std::size_t rooms_per_client_max = 32;
inline constexpr std::size_t seen_logs_max = 4096;
/// Of what a history request answers.
inline constexpr std::uint64_t history_answer_max = 1000;

/// {"do":…} as client_protocol.hpp has it. Errc::malformed.
Result<Request> read_request(const wire::Json& json);
/// "/join kitchen 20", without what the line's dialect adds. Errc::usage with how it is written.
Result<Request> read_command(std::string_view line);

/// A room's name in the form that all use: lower-case. Errc::usage for what cannot be one.
Result<std::string> normal_room(std::string_view typed);
/// What somebody may be called. Errc::usage.
Result<std::string> normal_nick(std::string_view typed);

}  // namespace netkit::relay
