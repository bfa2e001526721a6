// Binding: resolves, proves the port free by an exclusive bind, then opens one socket a thread.
#include "net/listen.hpp"

#include <array>
#include <asio/ip/tcp.hpp>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/limits.hpp"
#include "net/resolve.hpp"
#include "net/sctp_kernel.hpp"

namespace netkit::net {
namespace {

using SocketAddress = asio::ip::tcp::endpoint;  // Carries an address and port for UDP as well.

void switch_on(int socket, int level, int option) {
  const int on = 1;
  // Fails only for options that this kind of socket lacks, which then are not needed.
  setsockopt(socket, level, option, &on, sizeof on);
}

bool is_datagram(Scheme scheme) {
  return scheme == Scheme::udp || scheme == Scheme::sctp;
}

/// `share`: threads of ours will have the port together; `join`: one of them has it already. With
/// SO_REUSEPORT set before the bind only for those that join, the first bind fails if any other
/// program holds the port.
Result<FileDescriptor> bind_one(const SocketAddress& at, bool datagram, bool v6_only, bool share,
                                bool join) {
  const int type = (datagram ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  FileDescriptor made{::socket(at.protocol().family(), type, 0)};
  if (!made) return errno_error("open a socket");
  if (at.address().is_v6()) {
    const int only = v6_only ? 1 : 0;
    setsockopt(made.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  }
  if (!datagram) switch_on(made.get(), SOL_SOCKET, SO_REUSEADDR);
  if (join) switch_on(made.get(), SOL_SOCKET, SO_REUSEPORT);
  if (datagram) {  // The reply must leave from the address that was asked.
    switch_on(made.get(), IPPROTO_IP, IP_PKTINFO);
    switch_on(made.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO);
  }
  if (::bind(made.get(), at.data(), static_cast<socklen_t>(at.size())) != 0)
    return errno_error("bind");
  if (share && !join) switch_on(made.get(), SOL_SOCKET, SO_REUSEPORT);
  if (!datagram && ::listen(made.get(), SOMAXCONN) != 0) return errno_error("listen");
  return made;
}

std::uint16_t port_of(const FileDescriptor& socket) {
  SocketAddress local;
  socklen_t size = static_cast<socklen_t>(local.capacity());
  if (getsockname(socket.get(), local.data(), &size) != 0) return 0;
  local.resize(size);
  return local.port();
}

/// Adds the kernel's SCTP where it is wanted and there is any. In `automatic`, where it fails for
/// another reason than a taken port, UDP has to do.
Status add_kernel_sctp(Listening& made, const std::vector<asio::ip::address>& addresses,
                       std::uint16_t& port, SctpChoice choice) {
  const bool may_lack = choice == SctpChoice::automatic;
  if (choice == SctpChoice::user || (may_lack && !kernel_has_sctp())) return ok;
  auto socket = listen_kernel_sctp(addresses, port, SctpSettings{});
  if (!socket && may_lack && socket.error().code != std::errc::address_in_use) return ok;
  if (!socket) return socket.error();
  port = port_of(*socket);
  made.sockets.emplace_back().push_back(std::move(*socket));
  return ok;
}

/// The sockets of all `addresses` on one port; 0 picks the same free one for all of them.
Result<Listening> bind_all(const Endpoint& wanted, const std::vector<asio::ip::address>& addresses,
                           std::uint16_t port, unsigned threads, SctpChoice sctp) {
  const bool datagram = is_datagram(*wanted.scheme);
  const bool by_kernel_alone = wanted.scheme == Scheme::sctp && sctp == SctpChoice::kernel;
  Listening made;
  for (const asio::ip::address& address : addresses) {
    if (by_kernel_alone) break;
    const bool v6_only = !wanted.host.empty();
    std::vector<FileDescriptor> sockets;
    for (unsigned thread = 0; thread < threads; ++thread) {
      auto socket = bind_one({address, port}, datagram, v6_only, threads > 1, thread > 0);
      if (!socket) return socket.error();
      port = port_of(*socket);
      sockets.push_back(std::move(*socket));
    }
    made.sockets.push_back(std::move(sockets));
  }
  if (wanted.scheme == Scheme::sctp)
    if (Status added = add_kernel_sctp(made, addresses, port, sctp); !added) return added.error();
  made.endpoint = wanted;
  made.endpoint.host = addresses.front().to_string();
  made.endpoint.more_hosts.clear();
  if (!wanted.more_hosts.empty())
    for (std::size_t i = 1; i < addresses.size(); ++i)
      made.endpoint.more_hosts.push_back(addresses[i].to_string());
  made.endpoint.port = port;
  return made;
}

bool kernel_has_v6() {
  const FileDescriptor probe{::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  const SocketAddress any{asio::ip::address_v6::any(), 0};
  return probe && ::bind(probe.get(), any.data(), static_cast<socklen_t>(any.size())) == 0;
}

Result<std::vector<asio::ip::address>> addresses_of(const Endpoint& wanted) {
  if (!wanted.host.empty()) {
    std::vector<asio::ip::address> all;
    for (const Endpoint& each : single_hosts(wanted)) {
      auto found = resolve_now(each);
      if (!found) return found.error();
      all.insert(all.end(), found->begin(), found->end());
    }
    return all;
  }
  // One v6 socket that takes v4 as well, where the kernel has v6.
  if (kernel_has_v6()) return std::vector<asio::ip::address>{asio::ip::address_v6::any()};
  return std::vector<asio::ip::address>{asio::ip::address_v4::any()};
}

Result<Listening> open_ports(const Endpoint& wanted, const ListenOptions& options) {
  auto addresses = addresses_of(wanted);
  if (!addresses) return addresses.error();

  if (wanted.scheme == Scheme::sctp && options.sctp == SctpChoice::kernel && !kernel_has_sctp()) {
    const Error lacking = no_kernel_sctp();
    return Error{lacking.code, "listen on " + to_text(wanted), lacking.hint};
  }
  const std::uint16_t first = wanted.port.value_or(0);
  // All associations of the user-space stack are on one thread, because usrsctp is.
  const unsigned threads = wanted.scheme == Scheme::sctp ? 1 : options.threads;
  const unsigned further = options.auto_port && first != 0 ? auto_port_range : 0;
  // With port 0 the one that the first socket got may be taken for the second: another is drawn.
  const bool several = addresses->size() > 1 || wanted.scheme == Scheme::sctp;
  const unsigned draws = first == 0 && several ? 16 : 0;
  for (unsigned attempt = 0;; ++attempt) {
    const unsigned port = first == 0 ? 0 : first + attempt;
    Result<Listening> made =
        bind_all(wanted, *addresses, static_cast<std::uint16_t>(port), threads, options.sctp);
    if (made) return made;
    const bool taken = made.error().code == std::errc::address_in_use;
    if (!taken || attempt >= further + draws || port + 1 > 65535) {
      const bool privileged = made.error().code == std::errc::permission_denied && first < 1024;
      return Error{made.error().code, "listen on " + to_text(wanted),
                   taken        ? "another program has the port; try --auto-port"
                   : privileged ? "ports below 1024 need root or CAP_NET_BIND_SERVICE"
                                : ""};
    }
  }
}

sockaddr_un unix_address(const std::string& path) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  std::memcpy(at.sun_path, path.data(), std::min(path.size(), sizeof at.sun_path - 1));
  return at;
}

/// Removes a socket file that nobody listens on any more. Otherwise says what is in the way, if
/// anything is.
std::string make_way(const sockaddr_un& at) {
  struct stat found;
  if (lstat(at.sun_path, &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode)) return "the file there is no socket; it stays as it is";
  const FileDescriptor probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
    if (errno != ECONNREFUSED) return "another program listens there";
    ::unlink(at.sun_path);
    return {};
  }
  ucred listener{};
  socklen_t size = sizeof listener;
  getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &listener, &size);
  // Of another pid namespace the kernel tells no id.
  if (listener.pid <= 0) return "another program listens there";
  return "process " + std::to_string(listener.pid) + " listens there";
}

/// Between the look at a file that a crash may have left and listen(), a second server would take
/// the path away from the first: one server a folder does this at a time.
Result<FileDescriptor> lock_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "."
                             : slash == 0               ? "/"
                                                        : path.substr(0, slash);
  FileDescriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  // One that may not be opened cannot be locked; whether it may be used is for bind() to say.
  if (!opened) return opened;
  if (Status locked = lock_within(opened.get(), folder, folder_lock_limit); !locked)
    return Error{locked.error().code, "listen on unix:" + path, locked.error().hint};
  return opened;
}

Result<Listening> open_unix(const Endpoint& wanted) {
  const sockaddr_un at = unix_address(wanted.path);
  const Result<FileDescriptor> lock = lock_folder_of(wanted.path);
  if (!lock) return lock.error();
  const std::string in_the_way = make_way(at);
  FileDescriptor made{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!made) return errno_error("open a socket");
  // Who may connect is who may write the file: the owner, until somebody changes its mode.
  const mode_t before = umask(0177);
  const int bound = ::bind(made.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at);
  const int bind_errno = errno;
  umask(before);
  errno = bind_errno;
  if (bound != 0)
    return errno_error("listen on " + to_text(wanted), bind_errno == EADDRINUSE ? in_the_way : "");
  if (::listen(made.get(), SOMAXCONN) != 0) return errno_error("listen on " + to_text(wanted));

  Listening listening;
  listening.endpoint = wanted;
  listening.unlink_path = wanted.path;
  listening.sockets.emplace_back().push_back(std::move(made));
  return listening;
}

}  // namespace

Result<Listening> open_listening(const Endpoint& wanted, const ListenOptions& options) {
  return wanted.scheme == Scheme::unix_ ? open_unix(wanted) : open_ports(wanted, options);
}

Result<Listening> adopt(PassedSocket passed, const std::vector<Endpoint>& configured) {
  const Error unusable{Errc::usage, "use a socket passed by the service manager",
                       "it must be a listening tcp or unix socket, or a bound udp one"};
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  if (getsockname(passed.socket.get(), reinterpret_cast<sockaddr*>(&local), &size) != 0)
    return unusable;
  int type = 0;
  socklen_t type_size = sizeof type;
  getsockopt(passed.socket.get(), SOL_SOCKET, SO_TYPE, &type, &type_size);
  int listens = 0;
  socklen_t listens_size = sizeof listens;
  getsockopt(passed.socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size);
  if (type == SOCK_STREAM && listens == 0) return unusable;

  Listening made;
  if (local.ss_family == AF_UNIX && type == SOCK_STREAM) {
    const auto* at = reinterpret_cast<const sockaddr_un*>(&local);
    made.endpoint.scheme = Scheme::unix_;
    made.endpoint.path = at->sun_path;
  } else if ((local.ss_family == AF_INET || local.ss_family == AF_INET6) &&
             (type == SOCK_STREAM || type == SOCK_DGRAM)) {
    SocketAddress at;
    std::memcpy(at.data(), &local, at.capacity());
    made.endpoint.host = at.address().to_string();
    made.endpoint.port = at.port();
    made.endpoint.scheme = type == SOCK_DGRAM ? Scheme::udp : Scheme::tcp;
    const auto same_kind = [&](Scheme scheme) {
      return is_datagram(scheme) == (type == SOCK_DGRAM) && scheme != Scheme::unix_;
    };
    for (const Endpoint& each : configured)
      if (each.port == at.port() && each.scheme && same_kind(*each.scheme))
        made.endpoint.scheme = each.scheme;
    const auto named = parse_endpoint(passed.name + "://x");
    if (named && named->scheme && same_kind(*named->scheme)) made.endpoint.scheme = named->scheme;
    if (is_kernel_sctp(passed.socket.get())) made.endpoint.scheme = Scheme::sctp;
    if (type == SOCK_DGRAM) {
      switch_on(passed.socket.get(), IPPROTO_IP, IP_PKTINFO);
      switch_on(passed.socket.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO);
    }
  } else {
    return unusable;
  }
  made.sockets.emplace_back().push_back(std::move(passed.socket));
  return made;
}

}  // namespace netkit::net
