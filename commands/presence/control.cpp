// Who listens at a unix socket, pidfds and /proc.
#include "commands/presence/control.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.hpp"

namespace netkit::presence {
namespace {

constexpr std::size_t words_size_max = 128 * 1024;

}  // namespace

Result<std::optional<pid_t>> find_running(const std::string& admin_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (admin_path.size() >= sizeof address.sun_path)
    return Error{Errc::usage, "use the socket " + admin_path, "choose a shorter --state"};
  admin_path.copy(address.sun_path, sizeof address.sun_path - 1);
  const FileDescriptor door{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!door) return errno_error("open a socket");
  if (connect(door.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    // Nobody has the file open, or it is not there: what a crash left behind is nobody's.
    if (errno == ECONNREFUSED || errno == ENOENT) return std::optional<pid_t>{};
    return errno_error("connect to " + admin_path);
  }
  ucred owner{};
  socklen_t size = sizeof owner;
  if (getsockopt(door.get(), SOL_SOCKET, SO_PEERCRED, &owner, &size) != 0)
    return errno_error("ask who listens at " + admin_path);
  return std::optional<pid_t>{owner.pid};
}

Status end_process(pid_t pid, const std::string& admin_path, std::chrono::milliseconds limit) {
  const FileDescriptor process{static_cast<int>(syscall(SYS_pidfd_open, pid, 0))};
  if (!process) {
    if (errno == ESRCH) return ok;
    return errno_error("find process " + std::to_string(pid));
  }
  // The number may have become another's before the descriptor was opened.
  const Result<std::optional<pid_t>> still = find_running(admin_path);
  if (!still) return still.error();
  if (*still != pid) return ok;
  if (syscall(SYS_pidfd_send_signal, process.get(), SIGTERM, nullptr, 0) != 0) {
    if (errno == ESRCH) return ok;
    return errno_error("stop process " + std::to_string(pid));
  }
  pollfd gone{.fd = process.get(), .events = POLLIN, .revents = 0};
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    const int ready = poll(&gone, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return ok;
    if (ready == 0)
      return Error{Errc::timed_out, "stop process " + std::to_string(pid),
                   "it drains, or hangs; ask again, or kill -9 it"};
    if (errno != EINTR) return errno_error("wait for process " + std::to_string(pid));
  }
}

// STATE/start: the process id, the working folder and the words, each with a zero behind it.

Status keep_start(const std::string& state, const std::string& folder) {
  const Result<std::string> words = read_file("/proc/self/cmdline", words_size_max);
  if (!words) return words.error();
  std::string text = std::to_string(getpid());
  text += '\0';
  text += folder;
  text += '\0';
  return write_file_atomically(state + "/start", text + *words, 0600);
}

Status forget_start(const std::string& state) {
  if (unlink((state + "/start").c_str()) == 0 || errno == ENOENT) return ok;
  return errno_error("remove " + state + "/start");
}

std::optional<KeptStart> kept_start(const std::string& state) {
  const Result<std::string> text = read_file(state + "/start", words_size_max);
  if (!text) return std::nullopt;
  std::vector<std::string> parts;
  for (std::string_view rest{*text}; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    parts.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (parts.size() < 3) return std::nullopt;
  KeptStart kept;
  std::from_chars(parts[0].data(), parts[0].data() + parts[0].size(), kept.pid);
  kept.folder = std::move(parts[1]);
  kept.words.assign(parts.begin() + 2, parts.end());
  return kept;
}

}  // namespace netkit::presence
