// What --metrics and --on make of one run of a server: its events counted and followed, its numbers
// shown. Costs nothing where neither is given. cli/serve.cpp owns it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/event_commands.hpp"
#include "cli/metrics.hpp"
#include "cli/server_options.hpp"
#include "net/listen.hpp"
#include "net/server.hpp"

namespace netkit::cli {

class Observed {
 public:
  /// `options` outlive it; what a reload changes in --allow and --deny counts.
  Observed(const Context& context, const ServerOptions& options)
      : context_{context}, options_{options} {}
  ~Observed() { end(); }
  Observed(const Observed&) = delete;
  Observed& operator=(const Observed&) = delete;

  /// While there is one thread, and before anything is logged that is to be seen.
  Status open();
  /// Shows the numbers of `server` on its main thread from now on.
  void start(net::Server& server, std::function<void(Gauges&)> more);
  void drain() { draining_ = true; }
  /// After the last event, and before the server goes.
  void end();

 private:
  Status listen();
  bool admits(const asio::ip::address& address) const;

  const Context& context_;
  const ServerOptions& options_;
  const double started_s_ =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  // The log keeps its observer, and so these, for as long as it lives itself.
  std::shared_ptr<log::EventCounts> events_;
  std::shared_ptr<EventCommands> commands_;
  std::optional<net::Listening> listening_;
  std::string unlink_path_;
  bool draining_ = false;  // Main thread only.
};

}  // namespace netkit::cli
