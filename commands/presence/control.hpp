// Finding and ending the daemon of a state folder, by its admin socket.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/result.hpp"
#include "cli/command.hpp"

namespace netkit::presence {

/// The process that listens at the unix socket, if one does.
Result<std::optional<pid_t>> find_running(const std::string& admin_path);

/// Tells it to stop and waits until it has gone. Errc::timed_out if it stays for longer than
/// `limit`; ok if it had gone already.
Status end_process(pid_t pid, const std::string& admin_path, std::chrono::milliseconds limit);

/// How a daemon was started, for its restart: in STATE/start.
struct KeptStart {
  pid_t pid = 0;
  std::string folder;              ///< The working one.
  std::vector<std::string> words;  ///< Its own name first.
};
/// As this process was started, in `folder`.
Status keep_start(const std::string& state, const std::string& folder);
Status forget_start(const std::string& state);
/// Nothing if none is kept.
std::optional<KeptStart> kept_start(const std::string& state);

}  // namespace netkit::presence
