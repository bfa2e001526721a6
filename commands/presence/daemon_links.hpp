// A daemon's conversations with other daemons, in which it is told whom they see. Each daemon
// begins its own: between two there are two, and each tells in one.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "commands/presence/porter.hpp"

namespace netkit::presence {

struct DaemonLinkOptions {
  std::vector<net::Endpoint> to;          ///< Besides those heard on the group.
  std::optional<std::string> token_file;  ///< What to show to those that ask for a token.
};

void declare_daemon_links(cli::Options& options, DaemonLinkOptions& links);

class DaemonLinks : public std::enable_shared_from_this<DaemonLinks> {
 public:
  /// `context` and `porter` outlive it. Errc::usage or refused for an endpoint that makes no sense.
  static Result<std::shared_ptr<DaemonLinks>> open(const cli::Context& context,
                                                   asio::io_context& io, Porter& porter,
                                                   const DaemonLinkOptions& options);
  void start();
  /// Before the porter ends, on the thread that ran the io_context.
  void stop();

  DaemonLinks(const cli::Context& context, asio::io_context& io, Porter& porter);

 private:
  using Self = std::shared_ptr<DaemonLinks>;

  /// Whom to talk to: an endpoint that was given, or a daemon that was heard, by its key.
  struct Target {
    std::optional<net::Endpoint> given;
    std::string key;
  };
  static asio::awaitable<void> keep_looking(Self self);
  static asio::awaitable<void> keep_talking(Self self, Target target);
  asio::awaitable<bool> pause(std::chrono::nanoseconds time);
  std::optional<net::Endpoint> place_of(const Target& target, cli::ClientOptions& client) const;
  asio::awaitable<Status> talk(const net::Endpoint& to, const cli::ClientOptions& client);
  asio::awaitable<Status> greet(net::Stream& stream, const net::Endpoint& to,
                                const cli::ClientOptions& client) const;
  asio::awaitable<Status> hear(net::Stream& stream);
  static asio::awaitable<void> beat(std::shared_ptr<net::Stream> stream,
                                    std::shared_ptr<asio::steady_timer> timer);

  const cli::Context& context_;
  asio::io_context& io_;
  Porter& porter_;
  std::vector<net::Endpoint> given_;
  cli::ClientOptions client_;
  std::set<std::string> talking_to_;  // Keys: one conversation each, by whatever way it was found.
  std::set<std::string> looked_for_;  // Keys that a coroutine cares for.
  std::set<net::Stream*> open_;
  std::set<asio::steady_timer*> waits_;
  std::size_t running_ = 0;  // Coroutines.
  bool stopped_ = false;
};

}  // namespace netkit::presence
