// What systemd and its like pass to a service and want to hear from it, spoken without their
// library (sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3)). A no-op outside of one.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"

namespace netkit::net {

/// The value of an environment variable, or none.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

class ServiceManager {
 public:
  /// Reads NOTIFY_SOCKET and WATCHDOG_USEC once. `pid` is this process's.
  ServiceManager(const Environment& environment, int pid);

  /// Sends lines such as "READY=1"; true if somebody asked to be told and the message went out.
  bool notify(std::string_view state) const;
  bool present() const { return !notify_path_.empty(); }

  /// Half of what the manager allows between two "WATCHDOG=1", as sd_watchdog_enabled(3) advises;
  /// none if it keeps no watchdog on us.
  std::optional<std::chrono::microseconds> watchdog_interval() const { return watchdog_; }

 private:
  std::string notify_path_;
  std::optional<std::chrono::microseconds> watchdog_;
};

/// One socket that was passed, with the name its unit gave it ("" or "unknown" for none).
struct PassedSocket {
  FileDescriptor socket;
  std::string name;
};

/// The descriptors 3, 4, ... of LISTEN_FDS, if LISTEN_PID is `pid`; at most `listeners_max`.
std::vector<PassedSocket> passed_sockets(const Environment& environment, int pid);

}  // namespace netkit::net
