// Connecting to Redis over TCP and unix sockets, without ever blocking past a point in time.
#include "store/redis_socket.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace netkit::store {
namespace {

using Clock = std::chrono::steady_clock;

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> look_up(const RedisAddress& address) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const int failed = getaddrinfo(address.host.c_str(), port.c_str(), &wanted, &found);
  if (failed == EAI_SYSTEM) return errno_error("look up " + address.host);
  if (failed != 0) return Error{Errc::name_not_found, "look up " + address.host};
  return Addresses{found};
}

Result<FileDescriptor> start(int family, const sockaddr* to, socklen_t size) {
  FileDescriptor made{socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!made) return errno_error("make a socket");
  int connected = 0;
  do
    connected = connect(made.get(), to, size);
  while (connected != 0 && errno == EINTR);
  // A full backlog of a unix socket is EAGAIN and does not become writable: it is an error.
  if (connected != 0 && errno != EINPROGRESS) return errno_error("connect");
  return made;
}

Status outcome_of(int fd) {
  int code = 0;
  socklen_t size = sizeof code;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0) return errno_error("connect");
  if (code != 0) return Error{std::error_code{code, std::generic_category()}, "connect"};
  return ok;
}

Result<FileDescriptor> connect_to(int family, const sockaddr* to, socklen_t size, int wake,
                                  Clock::time_point until) {
  Result<FileDescriptor> made = start(family, to, size);
  if (!made) return made;
  if (Status ready = wait_until(made->get(), wake, POLLOUT, until); !ready) return ready.error();
  if (Status connected = outcome_of(made->get()); !connected) return connected.error();
  return made;
}

Result<FileDescriptor> connect_unix(const RedisAddress& address, int wake,
                                    Clock::time_point until) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address.unix_path.size() >= sizeof to.sun_path) return Error{Errc::usage, "connect"};
  address.unix_path.copy(to.sun_path, sizeof to.sun_path - 1);
  return connect_to(AF_UNIX, reinterpret_cast<const sockaddr*>(&to), sizeof to, wake, until);
}

/// All addresses of the name in turn, each with its share of the time that is left.
Result<FileDescriptor> connect_tcp(const RedisAddress& address, int wake, Clock::time_point until) {
  const Result<Addresses> found = look_up(address);
  if (!found) return found.error();
  int left = 0;
  for (const addrinfo* each = found->get(); each != nullptr; each = each->ai_next)
    ++left;
  Result<FileDescriptor> made{Error{Errc::name_not_found, "look up " + address.host}};
  for (const addrinfo* each = found->get(); each != nullptr; each = each->ai_next, --left) {
    const Clock::time_point now = Clock::now();
    const Clock::time_point mine = now + std::max(until - now, Clock::duration{}) / left;
    made = connect_to(each->ai_family, each->ai_addr, each->ai_addrlen, wake, mine);
    if (!made && made.error().code == Errc::stopped) return made;
    if (!made) continue;
    const int on = 1;
    // Without these it is slower to answer and to notice a dead peer, but right all the same.
    setsockopt(made->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(made->get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return made;
  }
  return made;
}

}  // namespace

Status wait_until(int fd, int wake, short events, Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    std::array<pollfd, 2> waits{{{fd, events, 0}, {wake, POLLIN, 0}}};
    const int ready = poll(waits.data(), waits.size(), static_cast<int>(std::max(left, 0L)));
    if (ready < 0 && errno != EINTR) return errno_error("wait for Redis");
    if (ready > 0 && waits[1].revents != 0) return Errc::stopped;
    if (ready > 0) return ok;
    if (ready == 0 && left <= 0) return Errc::timed_out;
  }
}

Result<FileDescriptor> connect_to_redis(const RedisAddress& address, Clock::time_point until,
                                        int wake) {
  return address.unix_path.empty() ? connect_tcp(address, wake, until)
                                   : connect_unix(address, wake, until);
}

}  // namespace netkit::store
