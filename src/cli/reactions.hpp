// Commands that follow events, `--on EVENT=CMD`: a few run at a time, others wait in order, the
// oldest that waits goes when too many do. Every server and `peer watch` use it.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "log/logger.hpp"
#include "net/process.hpp"

namespace netkit::cli {

/// "connect=CMD"; as an option: read_value(), show_value().
struct Reaction {
  std::string event;
  std::string command;
};
/// Errc::usage unless the event is a word of a-z, '_' and '-'; whether it is one that happens is
/// for the caller to know.
Status read_value(std::string_view text, Reaction& reaction);
std::string show_value(const Reaction& reaction);

class Reactions : public std::enable_shared_from_this<Reactions> {
 public:
  static constexpr std::size_t running_max = 16;
  static constexpr std::size_t waiting_max = 1024;
  /// Of the event by which failures of commands are logged: it has no reactions itself.
  static constexpr std::string_view event_name = "reaction";

  /// /bin/sh -c COMMAND with nothing but that environment.
  struct Job {
    std::string command = {};
    std::vector<std::string> environment = {};
    std::string input = {};  ///< On its standard input.
  };
  /// What a command printed on both streams, the last 64 KiB, when it has ended.
  using Say = std::function<void(const std::string& command, const std::string& output)>;

  /// A command that takes longer than `limit` (zero: none) is ended. `say` runs on the thread of
  /// `io`. `io` and `log` outlive it.
  Reactions(asio::io_context& io, log::Logger& log, std::chrono::nanoseconds limit, Say say)
      : io_{io}, log_{log}, limit_{limit}, say_{std::move(say)}, idle_{io} {}

  /// From any thread; never waits.
  void start(Job job);
  std::size_t waiting() const;
  /// Until all have ended. On the thread of `io`, as what follows.
  asio::awaitable<void> finish();
  /// Kills what runs and drops what waits; `io` must not run any more.
  void give_up();

 private:
  static asio::awaitable<void> run(std::shared_ptr<Reactions> self, Job job);
  void tell_end(const std::string& command, const Result<net::ProcessEnd>& end);
  void tell_dropped();
  void start_more();
  std::optional<Job> take();

  asio::io_context& io_;
  log::Logger& log_;
  const std::chrono::nanoseconds limit_;
  const Say say_;
  asio::steady_timer idle_;
  std::set<net::Process*> processes_;
  std::size_t running_ = 0;
  mutable std::mutex mutex_;  // Guards what follows.
  std::deque<Job> waiting_;
  std::uint64_t dropped_ = 0;
  bool posted_ = false;  // Somebody will look at what waits without being told of more.
};

}  // namespace netkit::cli
