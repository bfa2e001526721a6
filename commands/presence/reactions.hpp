// The commands of `peer watch --on EVENT=CMD`: started as peers come and go, a few at a time, the
// others in order. On one io_context.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "commands/presence/roster.hpp"

namespace netkit::presence {

/// "online=CMD"; as an option: read_value(), show_value().
struct Reaction {
  std::string event;  ///< A state as to_text() has it, "forgotten", or "change" for each of them.
  std::string command;
};
Status read_value(std::string_view text, Reaction& reaction);
std::string show_value(const Reaction& reaction);

class Reactions : public std::enable_shared_from_this<Reactions> {
 public:
  static constexpr std::size_t running_max = 16;
  static constexpr std::size_t waiting_max = 1024;

  /// `context` and `io` outlive it.
  Reactions(const cli::Context& context, asio::io_context& io, std::vector<Reaction> reactions)
      : context_{context}, io_{io}, reactions_{std::move(reactions)}, idle_{io} {}

  /// Starts what is to be done about `event`. Too many of them: the oldest that waits is dropped
  /// with a warning.
  void react(std::string_view event, const Entry& entry, std::optional<State> before);
  /// Until all have ended.
  asio::awaitable<void> finish();

 private:
  // /bin/sh -c CMD with these besides our own environment, stdin /dev/null; what it prints goes to
  // our stderr when it has ended:
  //   PEER_EVENT, PEER_NAME, PEER_STATE, PEER_BEFORE (empty: it is new), PEER_ADDRESS, PEER_PORT,
  //   PEER_KEY
  // They do not begin with NETKIT_, since NETKIT_PEER_NAME is the option --name of this command,
  // which such a script may well call.
  struct Job {
    std::string command;
    std::vector<std::string> environment;
  };

  static asio::awaitable<void> run(std::shared_ptr<Reactions> self, Job job);
  void start_more();

  const cli::Context& context_;
  asio::io_context& io_;
  const std::vector<Reaction> reactions_;
  asio::steady_timer idle_;
  std::deque<Job> waiting_;
  std::size_t running_ = 0;
};

}  // namespace netkit::presence
