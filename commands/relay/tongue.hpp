// How each dialect words what a client is told. Pure: bytes in, bytes out. One object serves all
// clients of a dialect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "commands/relay/said.hpp"

namespace netkit::relay {

/// Dialects that a client may speak; each has a lane in the rooms where somebody speaks it.
enum class Lane : std::uint8_t { frame, line, len64, web };
inline constexpr std::size_t lane_count = 4;

class Tongue {
 public:
  virtual ~Tongue() = default;
  /// A room's message, or a direct one. The same bytes go to all who speak the dialect.
  virtual void append(std::string& out, const Said& said) const = 0;
  virtual void append(std::string& out, const Event& event) const = 0;
  /// Everything of its own up to `number` is as safe as --ack says. Nothing where the dialect has
  /// no numbers.
  virtual void append_ack(std::string& out, std::uint64_t number) const = 0;
  /// The answer to request `id`: a JSON object, which text dialects put as lines.
  virtual void append_answer(std::string& out, std::uint32_t id, std::string_view json) const = 0;
};

const Tongue& tongue_of(Lane lane);

// line    `NICK: TEXT` and LF; a direct message `NICK -> TO: TEXT`, to both. Notices and answers
//         are lines that begin with "* ". Of events it tells gap, relay_away, relay_back, notice
//         and moderated.
// len64   the bare text, as the original server sent it; a direct message `NICK -> TO: TEXT`, so
//         that nobody answers it in public. Notices as above, LF only between lines.
// web     one WebSocket text message each: json_of(), {"event":"ack","number":N}, and answers with
//         the "id" of their request.

/// A text of anybody as one line: its line ends become " / ", what may not reach a terminal is
/// escaped as escape_for_display() does it, and backslashes stay.
std::string as_line(std::string_view text);
/// What an answer in JSON says to a person: lines, each with LF.
std::string words_of_answer(std::string_view json);

}  // namespace netkit::relay
