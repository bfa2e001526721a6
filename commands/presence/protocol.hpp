// The messages between peers, daemons and those who watch, on whatever carries frames: what stands
// in each, written and read. Pure.
#pragma once

#include <asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/presence/roster.hpp"

namespace netkit::presence {

// type            body
// hello(1)        client: {"service":"presence","version":1,"role":"peer"|"watch"|"daemon",
//                 "token":T?}; server: {...,"name":N,"key":HEX,"nonce":"16 hex","period_ms":N,
//                 "instance":N?}
// enter(16)       announcement, its nonce the server's: whose key it is, that one speaks
// welcome(17)     period_ms u32 | sctp_port u16 | cookie 16 B
// bind(18)        cookie 16 B                    the first frame of an SCTP association
// beat(19)        -                              client to server, each period
// update(20)      announcement                   what the peer says anew of itself, or its leave
// subscribe(21)   after u64                      0: the whole roster first
// entry(22)       version u64 | state u8 | path u8 | number u16 | since_ms u64 | heard_ms u64 |
//                 first_instance u64 | n u8 x address | announcement
//                 path told, to a daemon: the sender has it from others itself
// forgotten(23)   version u64 | key 32 B
// roster_end(24)  version u64 | flags u8         bit 0: the daemon is itself cut off
// ask_for(25)     request u32 | port u16 | n u8 x address | ask: to be sent to there as it is
// asked(26)       request u32 | announcement, or nothing: no answer
// pace(27)        period_ms u32                  beat so often from now on
// why(28)         name, to the end; answered by why(28) with text
// status(29)      -; answered by status(29) with JSON, by the admin socket only
// address         family u8, 4 or 6 | 4 or 16 B | scope u32 if 6

namespace message_type {
inline constexpr std::uint16_t enter = 16;
inline constexpr std::uint16_t welcome = 17;
inline constexpr std::uint16_t bind = 18;
inline constexpr std::uint16_t beat = 19;
inline constexpr std::uint16_t update = 20;
inline constexpr std::uint16_t subscribe = 21;
inline constexpr std::uint16_t entry = 22;
inline constexpr std::uint16_t forgotten = 23;
inline constexpr std::uint16_t roster_end = 24;
inline constexpr std::uint16_t ask_for = 25;
inline constexpr std::uint16_t asked = 26;
inline constexpr std::uint16_t pace = 27;
inline constexpr std::uint16_t why = 28;
inline constexpr std::uint16_t status = 29;
}  // namespace message_type

inline constexpr std::uint32_t message_size_max = 4096;
inline constexpr std::size_t cookie_size = 16;
inline constexpr int protocol_version = 1;

enum class Role : std::uint8_t { peer, watch, daemon };

struct ClientHello {
  Role role = Role::watch;
  std::string token;
};
struct ServerHello {
  std::string name;
  std::string key;  ///< 32 bytes.
  std::uint64_t nonce = 0;
  std::uint32_t period_ms = 0;
  /// Which run of the daemon it is: versions of its roster are of that run. 0: it does not say.
  std::uint64_t instance = 0;
};
struct Welcome {
  std::uint32_t period_ms = 0;
  std::uint16_t sctp_port = 0;
  std::string cookie;
};
struct RosterEnd {
  std::uint64_t version = 0;
  bool isolated = false;
};
struct AskFor {
  std::uint32_t request = 0;
  std::uint16_t port = 0;
  std::vector<asio::ip::address> addresses;
  std::string question;  ///< As whoever wants to know signed it: only the answer to it counts.
};
struct Asked {
  std::uint32_t request = 0;
  std::string answer;  ///< As it was signed, empty for none.
};

/// Each appends a whole frame to `out`.
void append_hello(std::string& out, const ClientHello& hello);
void append_hello(std::string& out, const ServerHello& hello);
void append_welcome(std::string& out, const Welcome& welcome);
void append_entry(std::string& out, const Entry& entry);
void append_forgotten(std::string& out, const Roster::Forgotten& forgotten);
void append_roster_end(std::string& out, const RosterEnd& end);
void append_ask_for(std::string& out, const AskFor& ask);
void append_asked(std::string& out, const Asked& asked);
void append_pace(std::string& out, std::uint32_t period_ms);
void append_subscribe(std::string& out, std::uint64_t after);
/// enter, update: an announcement as it was signed; bind: a cookie; beat: nothing; why: a text.
void append_message(std::string& out, std::uint16_t type, std::string_view body);

/// Each reads a frame's body. Errc::malformed, Errc::not_utf8; a hello of another service is
/// Errc::unexpected, of another version Errc::wrong_version.
Result<ClientHello> decode_client_hello(std::string_view body);
Result<ServerHello> decode_server_hello(std::string_view body);
Result<Welcome> decode_welcome(std::string_view body);
/// The entry has no slot: that is its place in somebody's own roster.
Result<Entry> decode_entry(std::string_view body);
Result<Roster::Forgotten> decode_forgotten(std::string_view body);
Result<RosterEnd> decode_roster_end(std::string_view body);
Result<AskFor> decode_ask_for(std::string_view body);
Result<Asked> decode_asked(std::string_view body);
Result<std::uint32_t> decode_pace(std::string_view body);
Result<std::uint64_t> decode_subscribe(std::string_view body);

}  // namespace netkit::presence
