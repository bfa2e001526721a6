// `--on EVENT=CMD` of a server: hears its log's events on whatever thread they happen, and runs the
// commands on a thread of its own, so that no fork and no program holds up a connection.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/reactions.hpp"
#include "config/resolve.hpp"
#include "log/logger.hpp"

namespace netkit::cli {

/// Instead of an event: each one of level info or above.
inline constexpr std::string_view all_events = "all";
inline constexpr std::chrono::seconds reaction_limit{30};

/// NETKIT_EVENT with the name of `event`, EVENT_<FIELD> with each of its fields: text as it is, up
/// to 1024 bytes or a NUL; durations as seconds.
std::vector<std::string> event_environment(const log::Event& event);

class EventCommands {
 public:
  EventCommands(log::Logger& log, const config::Environment& environment,
                std::vector<Reaction> wanted);
  ~EventCommands() { end(); }
  EventCommands(const EventCommands&) = delete;
  EventCommands& operator=(const EventCommands&) = delete;

  /// From any thread; neither waits nor logs. Ignores what commands themselves cause to be logged.
  void hear(const log::Event& event);
  /// What is due by now gets a few seconds, then all is ended.
  void end();

 private:
  void run();

  const std::vector<Reaction> wanted_;
  std::vector<std::string> environment_;
  std::atomic<bool> ended_{false};
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_{io_.get_executor()};
  const std::shared_ptr<Reactions> reactions_;
  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace netkit::cli
