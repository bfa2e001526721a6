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

#include "access/who.hpp"
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

/// All members are safe from any thread unless they say otherwise.
class Guard {
 public:
  Guard(GuardSettings settings, log::Logger& log);
  /// After stop(), or when `main` runs no more.
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

  /// Whether somebody who was admitted may do that as well: Errc::refused with what lacks. By what
  /// is known of them now; no waiting, and no use of a ticket is counted.
  Status may(const Who& who, const Wish& wish) const;

  /// While it lives, `end` runs once, on main's thread, within 1 s of the end of that session or of
  /// its holder's right to `scope`. From `address`, if it is told, the session counts as used
  /// meanwhile.
  class Watch;
  std::shared_ptr<Watch> watch(const Who& who, std::string scope, std::function<void()> end,
                               std::string address = {});

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace netkit::access
