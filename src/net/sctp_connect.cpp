// The stack's part that associates with a peer: ports of its own, every way asked, the first answer
// taken.
#include <arpa/inet.h>
#include <cerrno>
#include <sys/socket.h>
#include <usrsctp.h>

#include "base/random.hpp"
#include "net/deadline.hpp"
#include "net/sctp_socket.hpp"
#include "net/sctp_stack.hpp"

namespace netkit::net {
namespace {

/// IANA's dynamic ports (RFC 6335, 6).
constexpr std::uint16_t port_min = 49152;

/// A UDP socket of its own for each way: the kernel then tells who does not listen.
Result<FileDescriptor> connected_socket(const asio::ip::udp::endpoint& to) {
  FileDescriptor made{
      ::socket(to.protocol().family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!made) return errno_error("open a socket");
  if (::connect(made.get(), to.data(), static_cast<socklen_t>(to.size())) != 0)
    return errno_error("connect");
  return made;
}

}  // namespace

/// Nobody has these ports with this number so far.
SctpKey SctpStack::free_key(std::uint16_t remote_port) const {
  for (;;) {
    const std::uint64_t drawn = random_u64();
    SctpKey ends;
    ends.peer = static_cast<std::uint16_t>(1 + drawn % 256);
    ends.remote_port = remote_port;
    ends.local_port = static_cast<std::uint16_t>(port_min + (drawn >> 16) % (65536 - port_min));
    const bool taken = by_key_.contains(ends.packed()) || listening_.contains(ends.local_port);
    if (!taken) return ends;
  }
}

Status SctpStack::add_ways(SctpAssociation& association, const SctpHosts& hosts,
                           std::uint16_t port) {
  Status last = Error{Errc::name_not_found, "connect"};
  for (std::size_t host = 0; host < hosts.size(); ++host)
    for (const asio::ip::address& address : hosts[host]) {
      if (association.paths_.full()) break;
      const asio::ip::udp::endpoint to{address, port};
      Result<FileDescriptor> socket = connected_socket(to);
      if (!socket) {
        last = socket.error();
        continue;
      }
      std::shared_ptr<SctpPort> made = open_port(std::move(*socket), true);
      made->owner = &association;
      const UdpRoute route{.remote = to, .local = made->udp->local().address()};
      association.add_way(std::move(made), route, static_cast<unsigned>(host));
    }
  return association.ways_.empty() ? last : Status{ok};
}

asio::awaitable<Result<std::unique_ptr<SctpAssociation>>> SctpStack::connect(
    SctpHosts hosts, std::uint16_t port, SctpSettings settings,
    std::chrono::steady_clock::time_point until) {
  advance_clock();
  Result<struct socket*> socket = open_sctp_socket(settings);
  if (!socket) co_return socket.error();
  const SctpKey ends = free_key(port);
  auto made = std::make_unique<SctpAssociation>(*this, io_, ends, *socket, settings);
  add(*made);
  if (Status added = add_ways(*made, hosts, port); !added) co_return added.error();
  if (hosts.size() > 1) made->hurry();

  if (made->stays_here()) set_packet_size(*socket, PacketSize::same_machine);
  void* const peer = reinterpret_cast<void*>(std::uintptr_t{ends.peer});
  sockaddr_conn own = sctp_address(peer, ends.local_port);
  sockaddr_conn to = sctp_address(peer, port);
  made->connecting_ = true;
  if (usrsctp_bind(*socket, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0)
    co_return errno_error("bind");
  if (usrsctp_connect(*socket, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0 &&
      errno != EINPROGRESS)
    co_return errno_error("connect");

  Deadline deadline{io_.get_executor(), [&] { made->writable_.end(Errc::timed_out); }};
  deadline.expire_in(until - std::chrono::steady_clock::now());
  made->note_refusals();
  for (;;) {
    if (made->failed_ != 0)
      co_return Error{std::error_code{made->failed_, asio::error::get_system_category()}};
    const int events = usrsctp_get_events(*socket);
    if ((events & SCTP_EVENT_ERROR) != 0) {
      int error = 0;
      socklen_t size = sizeof error;
      usrsctp_getsockopt(*socket, SOL_SOCKET, SO_ERROR, &error, &size);
      co_return Error{std::error_code{error, asio::error::get_system_category()}};
    }
    if ((events & SCTP_EVENT_WRITE) != 0) break;
    if (Status waited = co_await made->writable_.wait(); !waited) co_return waited.error();
  }
  made->connecting_ = false;
  co_return made;
}

}  // namespace netkit::net
