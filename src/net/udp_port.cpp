// recvmsg(2) and sendmsg(2) with packet information, kept as plain addresses.
#include "net/udp_port.hpp"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>

#include "net/address.hpp"

namespace netkit::net {
namespace {

/// Datagrams in a row before the others of the thread have their turn.
constexpr int burst_max = 64;

void switch_on(int socket, int level, int option) {
  const int on = 1;
  setsockopt(socket, level, option, &on, sizeof on);
}

/// The address of ours in the packet information, if there is any.
asio::ip::address local_of(msghdr& message) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(each), sizeof info);
      return asio::ip::address_v4{ntohl(info.ipi_addr.s_addr)};
    }
    if (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(each), sizeof info);
      asio::ip::address_v6::bytes_type bytes;
      std::memcpy(bytes.data(), &info.ipi6_addr, bytes.size());
      // Of a link-local peer the scope says which interface; the kernel has it from the remote.
      return asio::ip::address_v6{bytes};
    }
  }
  return {};
}

/// Makes `message` leave from `local`; `control` must have room for one item of either kind.
void leave_from(const asio::ip::address& local, msghdr& message, std::span<char> control) {
  const auto put = [&](int level, int type, const auto& info) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof info);
    cmsghdr* const item = CMSG_FIRSTHDR(&message);
    item->cmsg_level = level;
    item->cmsg_type = type;
    item->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(item), &info, sizeof info);
  };
  if (local.is_unspecified()) return;
  if (local.is_v4()) {
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(local.to_v4().to_uint());
    put(IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    const auto bytes = local.to_v6().to_bytes();
    std::memcpy(&info.ipi6_addr, bytes.data(), bytes.size());
    put(IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

}  // namespace

bool UdpRoute::stays_here() const {
  const asio::ip::address there = plain(remote.address());
  return there.is_loopback() || there == plain(local);
}

UdpPort::UdpPort(asio::io_context& io, FileDescriptor bound, bool connected)
    : socket_{io}, connected_{connected} {
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  getsockname(bound.get(), reinterpret_cast<sockaddr*>(&at), &size);
  if (!connected) {
    switch_on(bound.get(), IPPROTO_IP, IP_PKTINFO);
    if (at.ss_family == AF_INET6) switch_on(bound.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO);
  }
  // A burst of an association's window must not be lost before it is looked at.
  const int wanted = 4 << 20;
  if (setsockopt(bound.get(), SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0)
    setsockopt(bound.get(), SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
  std::error_code ignored;  // The descriptor is a bound socket of ours.
  socket_.assign({at.ss_family, IPPROTO_UDP}, bound.release(), ignored);
}

void UdpPort::start(std::span<char> memory, Take take, Taken taken) {
  memory_ = memory;
  take_ = std::move(take);
  taken_ = std::move(taken);
  wait();
}

void UdpPort::stop() {
  stopped_ = true;
  std::error_code ignored;
  socket_.close(ignored);
}

void UdpPort::wait() {
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](std::error_code failed) {
    if (failed || self->stopped_) return;
    for (int i = 0; i < burst_max && !self->stopped_; ++i)
      if (!self->try_receive()) break;
    self->taken_();
    if (!self->stopped_) self->wait();
  });
}

bool UdpPort::try_receive() {
  UdpRoute from;
  alignas(cmsghdr) char control[128];
  iovec piece{memory_.data(), memory_.size()};
  msghdr message{};
  message.msg_name = from.remote.data();
  message.msg_namelen = static_cast<socklen_t>(from.remote.capacity());
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t count = recvmsg(socket_.native_handle(), &message, MSG_DONTWAIT);
  if (count < 0) {
    if (errno != EAGAIN && errno != EINTR) error_ = errno;
    return false;
  }
  from.remote.resize(message.msg_namelen);
  if (!connected_) from.local = local_of(message);
  take_(*this, from, {memory_.data(), static_cast<std::size_t>(count)});
  return true;
}

bool UdpPort::send(const UdpRoute& to, std::string_view bytes) {
  alignas(cmsghdr) char control[64]{};
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  if (!connected_) {
    message.msg_name = const_cast<sockaddr*>(to.remote.data());
    message.msg_namelen = static_cast<socklen_t>(to.remote.size());
    leave_from(to.local, message, control);
  }
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  // A report of an earlier datagram's fate comes with the next call, which has not been tried then.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return true;
    if (errno != ECONNREFUSED) return false;
    error_ = errno;
  }
  return false;
}

asio::ip::udp::endpoint UdpPort::local() const {
  asio::ip::udp::endpoint at;
  socklen_t size = static_cast<socklen_t>(at.capacity());
  // A generic socket cannot be asked for its local endpoint once it is closed: nothing comes then.
  if (getsockname(const_cast<Socket&>(socket_).native_handle(), at.data(), &size) == 0)
    at.resize(size);
  return at;
}

std::uint16_t UdpPort::local_port() const {
  return local().port();
}

}  // namespace netkit::net
