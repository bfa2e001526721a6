// What the office answers, before any dialect puts it into words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "commands/auth/vault.hpp"
#include "identity/secret.hpp"

namespace netkit::auth {

struct Greeting {
  bool known = false;
  std::string name{};  ///< Empty: not known, and none was given.
  Time first_seen = 0;
  Time last_seen = 0;
};

struct Registered {
  std::string user{};
  bool administrator = false;
};

struct SignedIn {
  identity::Secret token{};
  std::string session{};  ///< 16 bytes.
  Time expires = 0;
  std::string user{};
  std::vector<std::string> scopes{};
  identity::Secret device_key{};
};

/// Who somebody is and by what right.
struct Identity {
  std::string user{};
  std::string user_key{};  ///< Empty on the admin socket without a session.
  std::string session{};   ///< 16 bytes, or empty on the admin socket.
  std::vector<std::string> scopes{};
  bool by_ticket = false;
  Time expires = 0;
  std::string device{};
  std::string address{};
  Time created = 0;
  Time last_used = 0;
};

struct Renewed {
  identity::Secret token{};
  std::string session{};
  Time expires = 0;
};

struct Ended {
  std::size_t count = 0;
};

struct SessionView {
  Session session{};
  bool current = false;
};
struct SessionList {
  std::vector<SessionView> sessions{};
};

struct UserView {
  std::string user{};
  std::vector<std::string> scopes{};
  Time created = 0;
  std::size_t sessions = 0;
  std::optional<Time> last_used{};
};
struct UserList {
  std::vector<UserView> users{};
  bool more = false;
};

struct Scopes {
  std::vector<std::string> scopes{};
};

struct Invited {
  identity::Secret code{};
  std::int64_t expires_in_s = 0;
};

struct BanView {
  std::string key{};
  std::string kind{};  ///< "account", "address", "device"
  std::uint32_t failures = 0;
  Time until = 0;
};
struct BanList {
  std::vector<BanView> bans{};
  std::optional<std::size_t> cleared{};
};

struct Skipped {
  std::size_t line = 0;  ///< From 1.
  std::string why{};
};
struct ImportDone {
  std::size_t added = 0;
  std::vector<Skipped> skipped{};
};

struct Exported {
  std::vector<std::string> lines{};
  bool more = false;
};

struct Done {};

}  // namespace netkit::auth
