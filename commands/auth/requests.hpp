// What people's clients ask the auth service and what it answers, as JSON objects: in frames of the
// types below, or as text messages over WebSocket. Read strictly; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/auth/answers.hpp"
#include "identity/secret.hpp"
#include "wire/frame.hpp"
#include "wire/json.hpp"

namespace netkit::auth {

// A request is {"id":N,"do":WORD,...}; `id` comes back in its answer, {"id":N,"ok":true,...} or
// {"id":N,"ok":false,"error":TEXT,"exit":CODE,...}. Words and their members:
//
// hello         name                        ->  known, name, first_seen, last_seen, grants
// register      user, password, code        ->  user, administrator
// login         user, password, device, device_key
//                                           ->  token, session, expires, user, scopes, device_key
// sign_in       token (or a ticket)         ->  as whoami; signs this connection in
// whoami                                    ->  user, session, scopes, expires, device, address …
// logout        everywhere                  ->  ended
// passwd        password, new_password; user, new_password (administrators)  ->  ended
// renew                                     ->  token, session, expires
// sessions      user, all                   ->  sessions
// revoke        what, others                ->  ended
// users         after, limit                ->  users, more
// grant         user, give, take            ->  scopes
// remove        user                        ->  ended
// invite        expire (seconds)            ->  code, expires_in
// bans          clear                       ->  bans, or cleared
// import        lines                       ->  added, skipped
// export        after                       ->  lines, more
// backup        path
//
// A first message {"token":TOKEN} stands for sign_in.
namespace frame_type {
inline constexpr std::uint16_t request = wire::frame_type::service_first;
inline constexpr std::uint16_t answer = 17;
}  // namespace frame_type

enum class Ask : std::uint8_t {
  hello,
  register_,
  login,
  sign_in,
  whoami,
  logout,
  passwd,
  renew,
  sessions,
  revoke,
  users,
  grant,
  remove,
  invite,
  bans,
  import,
  export_,
  backup,
};

/// The word that asks for it, which is also the verb that a ticket may be limited to.
std::string_view to_text(Ask ask);

struct Request {
  std::int64_t id = 0;
  Ask ask = Ask::whoami;
  std::string name;
  std::string user;
  std::string device;
  std::string what;
  std::string after;
  std::string path;
  identity::Secret password;
  identity::Secret new_password;
  identity::Secret code;
  identity::Secret token;
  identity::Secret device_key;
  bool everywhere = false;
  bool all = false;
  bool others = false;
  std::vector<std::string> give;
  std::vector<std::string> take;
  std::vector<std::string> lines;
  std::optional<std::string> clear;
  std::optional<std::int64_t> expire_s;
  std::size_t limit = 1000;
};

inline constexpr std::size_t device_size_max = 128;
inline constexpr std::size_t name_size_max = 256;  ///< Bytes; characters are counted elsewhere.
inline constexpr std::size_t lines_per_import_max = 200;

/// Errc::malformed, with the member that is wrong. Secrets are overwritten in `message`.
Result<Request> read_request(wire::Json message);

/// Overwrites bytes that came from a peer, once what was secret in them has been taken.
void wipe_received(std::string_view bytes);

std::string show(std::int64_t id, const Greeting& greeting);
std::string show(std::int64_t id, const Registered& registered);
std::string show(std::int64_t id, const SignedIn& signed_in);
std::string show(std::int64_t id, const Identity& who);
std::string show(std::int64_t id, const Renewed& renewed);
std::string show(std::int64_t id, const Ended& ended);
std::string show(std::int64_t id, const SessionList& list);
std::string show(std::int64_t id, const UserList& list);
std::string show(std::int64_t id, const Scopes& scopes);
std::string show(std::int64_t id, const Invited& invited);
std::string show(std::int64_t id, const BanList& list);
std::string show(std::int64_t id, const ImportDone& imported);
std::string show(std::int64_t id, const Exported& exported);
std::string show(std::int64_t id, const Done& done);

/// A point in time as RFC 3339.
std::string show_time(Time at);

}  // namespace netkit::auth
