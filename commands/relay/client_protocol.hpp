// What chat and a relay say to each other in frames. What is rare is JSON, the same JSON that the
// page speaks over WebSocket; what comes for every message is binary. Opens nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "commands/relay/said.hpp"
#include "wire/frame.hpp"

namespace netkit::relay {

// The opening: hello of the client with {"service":"relay","token":T} (token only if there is one),
// hello of the relay with {"service":"relay","name":N}; then `ask` with {"do":"enter",…}.
//
// type        body
// 16 ask      JSON request; the header's stream is its number, which the answer has, too
// 17 answer   JSON
// 18 say      number u64 | room str8 | text
// 19 direct   number u64 | to str8 | text                     to: a nick as shown
// 20 ack      number u64                                      all of the client's own up to it
// 21 said     log u64 | seq u64 | time u64 | sender u64 | number u64 | room str8 | nick str8 | text
// 22 told     the same with to str8 in the place of room
// 23 event    JSON, see json_of(Event)
namespace frame_type {
inline constexpr std::uint16_t ask = wire::frame_type::service_first;
inline constexpr std::uint16_t answer = 17;
inline constexpr std::uint16_t say = 18;
inline constexpr std::uint16_t direct = 19;
inline constexpr std::uint16_t ack = 20;
inline constexpr std::uint16_t said = 21;
inline constexpr std::uint16_t told = 22;
inline constexpr std::uint16_t event = 23;
}  // namespace frame_type

// Requests. All answers have "ok":true, or are a failure as cli/remote_error.hpp has it.
// {"do":"enter","nick":N?,"secret":HEX64?,"rooms":[{"room":R,"history":N?}],"seen":{LOG16:SEQ…}?,
//  "events":BOOL?}     once, first. secret: makes the sender key, so that messages sent again after
//                      a fail-over are told as repeats. seen: resume behind that.
//   -> {"relay":N,"nick":N,"sender":HEX16,"known":NUMBER,"acked":NUMBER,"text_max":BYTES,
//       "ack":"memory","user":U?,"rooms":[{"room":R,"first":N,"last":N}],"have":{LOG16:SEQ…}}
//      known: the highest number of this sender that is known here; it sends again what is above.
//      acked: what is as safe as "ack" says; less than that while the rest is to be acknowledged.
//      have: where the log of each relay stood, for a client that has seen nothing yet.
// {"do":"join","room":R,"history":N?} -> {"place":{"room":R,"first":N,"last":N}}
// {"do":"part","room":R}              {"do":"nick","nick":N} -> {"nick":N}
// {"do":"who","room":R?}
//   -> {"people":[{"nick":N,"relay":N,"rooms":[R…],"since":RFC3339,"away":B}…]}
// {"do":"rooms"} -> {"rooms":[{"room":R,"people":N}…]}
// {"do":"history","room":R,"from":N,"to":N} -> {"messages":[json_of(Said)…],"missing":N}
// {"do":"history","relay":N,"from":N,"to":N}
//   -> {"relay":N,"messages":[json_of(Said)…],"missing":N,"rest":"RELAY:FROM..TO"?}
//      records of that relay's log, from here or from a linked relay that has them: what was said
//      in rooms that the client is in, and directly to or by it. One at a time; answered within
//      six seconds. relay: its name or the log's 16 digits. rest: what there is to ask next.
// {"do":"kick"|"mute"|"ban"|"unmute"|"unban","nick":N,"why":T?,"for":SECONDS?}
//                                     needs the scope relay:moderate, or the admin socket

/// A message of a client. Views end with the frame. Names longer than 255 bytes are cut.
struct Saying {
  std::uint64_t number = 0;
  std::string_view room{};  ///< say
  std::string_view to{};    ///< direct
  std::string_view text{};
};

void append_say(std::string& out, const Saying& saying);
void append_direct(std::string& out, const Saying& saying);
/// Of a say or direct frame. Errc::malformed (number 0, too), or not_utf8. The text may be empty.
Result<Saying> decode_saying(const wire::Frame& frame);

/// said or told, as said.room is set or not.
void append_said(std::string& out, const Said& said);
Result<Said> decode_said(const wire::Frame& frame);

void append_ack(std::string& out, std::uint64_t number);
Result<std::uint64_t> decode_ack(const wire::Frame& frame);

/// {"event":"message","id":"LOG-SEQ","room":R,"nick":N,"text":T,"time":RFC3339,"sender":HEX16,
///  "number":N}; a direct one is an event "direct" with "to" and without "room".
std::string json_of(const Said& said);
/// {"event":"join"|"leave"|"nick"|"gap"|"relay-away"|"relay-back"|"notice"|"moderated","time":…,
///  "text":sentence_of(event)} and those of room, nick, other, relay, from, to, count that it has;
///  what leave and moderated give as the reason is "why".
std::string json_of(const Event& event);
/// Views into `kept`, which the texts are moved to. Errc::malformed.
Result<Event> read_event(std::string_view json, std::string& kept);

}  // namespace netkit::relay
