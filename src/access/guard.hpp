// The one who checks tokens for a server: asks the auth service once for each, follows its feed of
// revocations, and answers at once from what it knows. Every server with --require-auth has one.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "log/logger.hpp"
#include "net/connect.hpp"

namespace netkit::access {

struct GuardSettings {
  net::Endpoint auth;
  /// How to judge the auth service's certificate; none for one without TLS. Called before each try.
  std::function<Result<std::optional<net::TlsContext>>()> tls;
  std::string service;  ///< What tickets call this server, "shutdown-server".
  /// How long known tokens live on while the auth service cannot be reached.
  std::chrono::nanoseconds grace = std::chrono::minutes{5};
};

/// What somebody wants to do. An empty scope: it is enough to be known.
struct Wish {
  std::string scope;
  std::string verb;     ///< Empty: not told apart.
  std::string path;     ///< Empty: none.
  std::string address;  ///< The peer's.
};

/// Who has been admitted.
struct Who {
  std::string user;
  std::string session;              ///< 16 bytes.
  std::vector<std::string> scopes;  ///< Narrowed by a ticket.
  /// The ticket's text if it came by one, to be asked about further wishes; else empty.
  std::string ticket;

  bool may(std::string_view scope) const;
};

/// All members are safe from any thread unless they say otherwise.
class Guard {
 public:
  Guard(GuardSettings settings, log::Logger& log);
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  /// Connects and keeps connecting, on the thread that runs `main`.
  void start(asio::io_context& main);
  /// On main's thread; questions in progress end with Errc::stopped.
  void stop();

  /// By what is known already: microseconds, no waiting. nullopt: the auth service has to be asked,
  /// by ask() or admit(). `credential` is a token or a ticket.
  std::optional<Result<Who>> check(std::string_view credential, const Wish& wish);
  /// check(), and else the auth service's answer; `then` runs on main's thread. Errc::refused for
  /// who may not, Errc::busy where nobody could say (auth away, too many ask), with hints.
  void ask(std::string credential, Wish wish, std::function<void(Result<Who>)> then);
  /// The same for a coroutine on any thread.
  asio::awaitable<Result<Who>> admit(std::string credential, Wish wish);

  /// While it lives, `end` runs once, on main's thread, within 1 s of the end of that session or of
  /// its holder's right to `scope`.
  class Watch;
  std::shared_ptr<Watch> watch(const Who& who, std::string scope, std::function<void()> end);

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace netkit::access
