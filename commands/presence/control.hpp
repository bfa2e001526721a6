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

/// The words it was started with, its own name first; empty if they cannot be read.
std::vector<std::string> words_of(pid_t pid);

}  // namespace netkit::presence
