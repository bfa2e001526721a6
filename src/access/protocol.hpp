// What a service asks the auth service about tokens, as frames. The auth service answers by it and
// the guard asks by it; knows neither of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "wire/frame.hpp"

namespace netkit::access {

// Types of frames; `stream` is chosen by the asker and comes back in the answer. A str is a u16 and
// so many bytes of UTF-8; numbers are big-endian.
//   to auth:
//     check         32  token hash 32          who holds it; its changes are told from then on
//     check_ticket  33  the ticket's text      the same for its holder's session; verified there
//     spend         34  the ticket's text      the same, and counts one use of it
//     used          35  u16 n, n x (session 16 | str address)   no answer
//     check_again   39  the ticket's text      of somebody it has let in: its time and its count
//                                              are not looked at, only whether its holder is there
//   to the service:
//     grant         36  session 16 | public key 32 | i64 expires (s since 1970)
//                       | i64 idle limit (s) | str user | u8 n, n x str scope
//     denied        37  u8 why | str text       why: 1 unknown or ended, 2 used up, 3 not now
//     changed       38  session 16              stream 0: ask anew, it has ended or changed
//   both ways: ping, pong (frame_type), hello: the first frame of each side
//     hello          1  str name                of the service; of the auth server
namespace frame_type {
inline constexpr std::uint16_t check = 32;
inline constexpr std::uint16_t check_ticket = 33;
inline constexpr std::uint16_t spend = 34;
inline constexpr std::uint16_t used = 35;
inline constexpr std::uint16_t grant = 36;
inline constexpr std::uint16_t denied = 37;
inline constexpr std::uint16_t changed = 38;
inline constexpr std::uint16_t check_again = 39;
}  // namespace frame_type

inline constexpr std::size_t session_size = 16;
inline constexpr std::size_t token_hash_size = 32;
inline constexpr std::size_t public_key_size = 32;
inline constexpr std::size_t ticket_size_max = 2048;
inline constexpr std::size_t user_size_max = 256;  ///< 64 characters.
inline constexpr std::size_t scope_size_max = 64;
inline constexpr std::size_t address_size_max = 128;
inline constexpr std::size_t text_size_max = 1024;
inline constexpr std::size_t scopes_max = 64;
inline constexpr std::size_t uses_max = 1024;  ///< In one `used`.
inline constexpr std::uint32_t message_size_max = 256 * 1024;

/// Who a token belongs to and what its holder may do.
struct Grant {
  std::string session;     ///< 16 bytes.
  std::string public_key;  ///< 32 bytes.
  std::int64_t expires_s = 0;
  std::int64_t idle_limit_s = 0;
  std::string user;
  std::vector<std::string> scopes;
};

enum class Denial : std::uint8_t { unknown = 1, used_up = 2, not_now = 3 };

struct Check {
  std::string_view token_hash;
};
struct CheckTicket {
  std::string_view ticket;
  bool spend = false;
  bool again = false;  ///< Of somebody who is there already.
};
struct Use {
  std::string_view session;
  std::string_view address;
};
struct Used {
  std::vector<Use> uses;
};
struct Denied {
  Denial why = Denial::unknown;
  std::string_view text;
};
struct Changed {
  std::string_view session;
};

using ToAuth = std::variant<Check, CheckTicket, Used>;
using ToService = std::variant<Grant, Denied, Changed>;

/// Errc::malformed for a body that does not fit, Errc::unexpected for another type. Views end with
/// the frame's.
Result<ToAuth> decode_to_auth(const wire::Frame& frame);
Result<ToService> decode_to_service(const wire::Frame& frame);

/// The first frame of each side: a name for the other's log.
Result<std::string_view> decode_hello(const wire::Frame& frame);
void append_hello(std::string& out, std::string_view name);

// What is too long for its field is cut, so that the receiver never finds a body that does not fit.
void append_check(std::string& out, std::uint32_t stream, std::string_view token_hash);
void append_check_ticket(std::string& out, std::uint32_t stream, std::string_view ticket,
                         bool spend);
void append_check_again(std::string& out, std::uint32_t stream, std::string_view ticket);
void append_used(std::string& out, const Used& used);
void append_grant(std::string& out, std::uint32_t stream, const Grant& grant);
void append_denied(std::string& out, std::uint32_t stream, Denial why, std::string_view text);
void append_changed(std::string& out, std::string_view session);

}  // namespace netkit::access
