// What two peers send each other once they are connected: who they are, proved, then messages and
// their acknowledgement. Only bytes and fields; what they lead to is talk_machine.hpp's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "commands/presence/announcement.hpp"
#include "wire/frame.hpp"

namespace netkit::presence {

// O opens the connection, A answers; all of it under TLS with A's own certificate.
//
// O -> A  hello (1)    {"service":"peer","version":1,"nonce":HEX16,"key":HEX64}
// A -> O  hello (1)    the same of A
// A -> O  prove (32)   announcement (kind answer, nonce = O's, about = O's key) | proof 64 B
// O -> A  prove (32)   the same of O about A; only once O has believed A
// both    say (33)     id u64 | time_ms u64 | text (UTF-8, 1..65,536 bytes)
// both    ack (34)     id u64
// both    error (2)    why the sender refuses or gives up, a sentence in UTF-8
//
// Then O may also send files, each on a stream of its own, as transfer/messages.hpp has them: put,
// data, chunk, end; A answers with have, stored and error (2) of that stream, a JSON object.
//
// proof is the Ed25519 signature of its sender over: "netkit peer talk 1", a NUL, "opener" or
// "answerer" (the sender's role), a NUL, the nonces of O and A (u64), the keys of O and A (32 B),
// the SHA-256 of A's certificate (32 B). The announcement alone would prove too little: whoever is
// asked by datagram signs one with any nonce. An id is drawn by the sender so that it does not
// come again; what is sent again after a broken connection keeps its id.

namespace frame_type {
inline constexpr std::uint16_t prove = 32;
inline constexpr std::uint16_t say = 33;
inline constexpr std::uint16_t ack = 34;
}  // namespace frame_type

inline constexpr std::string_view talk_service = "peer";
inline constexpr int talk_version = 1;
inline constexpr std::size_t text_size_max = 64 * 1024;
inline constexpr std::size_t talk_hello_size_max = 1024;
/// The longest body of all frames.
inline constexpr std::uint32_t talk_frame_size_max = 2 * sizeof(std::uint64_t) + text_size_max;

/// What a peer says of itself before it has proved anything.
struct TalkHello {
  std::uint64_t nonce = 0;
  std::string key;  ///< 32 bytes.
};

/// Views into the body.
struct Prove {
  std::string_view announcement;  ///< For decode() and is_authentic().
  std::string_view proof;         ///< 64 bytes.
};

struct Say {
  std::uint64_t id = 0;
  std::uint64_t time_ms = 0;  ///< The sender's wall clock, since 1970.
  std::string_view text;      ///< A view into the body.
};

void append_hello(std::string& out, const TalkHello& hello);
void append_prove(std::string& out, std::string_view announcement, std::string_view proof);
/// `say.text` is one that check_text() takes.
void append_say(std::string& out, const Say& say);
void append_ack(std::string& out, std::uint64_t id);
/// An error frame: `why` without its hint, which is for our side alone.
void append_refusal(std::string& out, const Error& why);

/// Errors of all: malformed; of the hello also unexpected (no peer) and wrong_version; of a text
/// too_large and not_utf8.
Result<TalkHello> decode_hello(std::string_view body);
Result<Prove> decode_prove(std::string_view body);
Result<Say> decode_say(std::string_view body);
Result<std::uint64_t> decode_ack(std::string_view body);
/// What the other side said when it gave up, safe to show; Errc::refused.
Error decode_refusal(std::string_view body);

/// Whether a text can be said: too_large, not_utf8, malformed for an empty one.
Status check_text(std::string_view text);

}  // namespace netkit::presence
