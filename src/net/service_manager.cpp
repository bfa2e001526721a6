// Notification datagrams and passed descriptors.
#include "net/service_manager.hpp"

#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/text.hpp"
#include "net/limits.hpp"

namespace netkit::net {
namespace {

std::optional<unsigned long> number(const std::optional<std::string>& text) {
  unsigned long value = 0;
  if (!text || text->empty()) return std::nullopt;
  const auto [rest, failed] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (failed != std::errc{} || rest != text->data() + text->size()) return std::nullopt;
  return value;
}

}  // namespace

ServiceManager::ServiceManager(const Environment& environment, int pid)
    : notify_path_{environment("NOTIFY_SOCKET").value_or("")} {
  if (!notify_path_.starts_with('/') && !notify_path_.starts_with('@')) notify_path_.clear();
  const auto for_pid = number(environment("WATCHDOG_PID"));
  if (for_pid && *for_pid != static_cast<unsigned long>(pid)) return;
  if (const auto limit_us = number(environment("WATCHDOG_USEC")); limit_us && *limit_us > 1)
    watchdog_ = std::chrono::microseconds{*limit_us / 2};
}

bool ServiceManager::notify(std::string_view state) const {
  if (notify_path_.empty()) return false;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (notify_path_.size() >= sizeof to.sun_path) return false;
  std::memcpy(to.sun_path, notify_path_.data(), notify_path_.size());
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';  // The abstract namespace (unix(7)).
  const FileDescriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + notify_path_.size());
  return socket && sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                          reinterpret_cast<const sockaddr*>(&to), size) >= 0;
}

std::vector<PassedSocket> passed_sockets(const Environment& environment, int pid) {
  constexpr int first_fd = 3;
  std::vector<PassedSocket> passed;
  const auto for_pid = number(environment("LISTEN_PID"));
  const auto count = number(environment("LISTEN_FDS"));
  if (!for_pid || *for_pid != static_cast<unsigned long>(pid) || !count) return passed;
  const std::string all_names = environment("LISTEN_FDNAMES").value_or("");
  const auto names = split(all_names, ':');
  for (std::size_t i = 0; i < *count && i < listeners_max; ++i) {
    FileDescriptor socket{first_fd + static_cast<int>(i)};
    if (fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0) {
      static_cast<void>(socket.release());  // Not open, so not ours to close.
      continue;
    }
    fcntl(socket.get(), F_SETFL, fcntl(socket.get(), F_GETFL) | O_NONBLOCK);
    passed.push_back({std::move(socket), std::string{i < names.size() ? names[i] : ""}});
  }
  return passed;
}

}  // namespace netkit::net
