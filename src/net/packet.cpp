// recvmsg(2) and sendmsg(2) with IP_PKTINFO and IPV6_PKTINFO (RFC 3542, 6).
#include "net/packet.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace netkit::net {
namespace {

void set(int socket, int level, int option, int value) {
  // Fails only for what an old kernel lacks; then more is heard, or a default holds.
  setsockopt(socket, level, option, &value, sizeof value);
}

in6_addr to_in6(const asio::ip::address& address) {
  in6_addr made;
  const auto bytes = address.to_v6().to_bytes();
  std::memcpy(&made, bytes.data(), sizeof made);
  return made;
}

ip_mreqn membership_v4(const asio::ip::address& group, unsigned interface) {
  ip_mreqn made{};
  made.imr_multiaddr.s_addr = htonl(group.to_v4().to_uint());
  made.imr_ifindex = static_cast<int>(interface);
  return made;
}

ipv6_mreq membership_v6(const asio::ip::address& group, unsigned interface) {
  return {to_in6(group), interface};
}

bool join(int socket, const asio::ip::address& group, unsigned interface) {
  if (group.is_v4()) {
    const ip_mreqn member = membership_v4(group, interface);
    return setsockopt(socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, sizeof member) == 0;
  }
  const ipv6_mreq member = membership_v6(group, interface);
  return setsockopt(socket, IPPROTO_IPV6, IPV6_JOIN_GROUP, &member, sizeof member) == 0;
}

template <typename Info>
void read(Info& info, const cmsghdr& control) {
  std::memcpy(&info, CMSG_DATA(&control), sizeof info);
}

void note_way(Packet& packet, const cmsghdr& control) {
  if (control.cmsg_level == IPPROTO_IP && control.cmsg_type == IP_PKTINFO) {
    in_pktinfo info;
    read(info, control);
    packet.interface = static_cast<unsigned>(info.ipi_ifindex);
    packet.destination = asio::ip::address_v4{ntohl(info.ipi_addr.s_addr)};
  } else if (control.cmsg_level == IPPROTO_IPV6 && control.cmsg_type == IPV6_PKTINFO) {
    in6_pktinfo info;
    read(info, control);
    packet.interface = info.ipi6_ifindex;
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &info.ipi6_addr, bytes.size());
    packet.destination = asio::ip::address_v6{bytes};
  }
}

template <typename Info>
void put(msghdr& message, int level, int type, const Info& info) {
  message.msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* const control = CMSG_FIRSTHDR(&message);
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(control), &info, sizeof info);
}

}  // namespace

Result<FileDescriptor> open_packets(const asio::ip::udp::endpoint& at,
                                    const PacketOptions& options) {
  FileDescriptor made{
      ::socket(at.protocol().family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!made) return errno_error("open a socket");
  const int fd = made.get();
  // SO_REUSEPORT would bind only sockets of one user together. With SO_REUSEADDR each of them hears
  // every datagram to a group.
  if (options.shared) set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  const int loop = options.loop ? 1 : 0;
  const int hops = static_cast<int>(std::min(options.hops, 255u));
  // ..._MULTICAST_ALL: only what this very socket has joined, by the interfaces it joined on.
  if (at.address().is_v6()) {
    set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops);
    set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, loop);
    constexpr int ipv6_multicast_all = 29;  // <linux/in6.h>, which glibc's header excludes.
    set(fd, IPPROTO_IPV6, ipv6_multicast_all, 0);
  } else {
    set(fd, IPPROTO_IP, IP_PKTINFO, 1);
    set(fd, IPPROTO_IP, IP_MULTICAST_TTL, hops);
    set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, loop);
    set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
  }
  if (::bind(fd, at.data(), static_cast<socklen_t>(at.size())) != 0) return errno_error("bind");
  return made;
}

asio::ip::udp::endpoint local_packets(int socket) {
  asio::ip::udp::endpoint local;
  auto size = static_cast<socklen_t>(local.capacity());
  if (getsockname(socket, local.data(), &size) == 0) local.resize(size);
  return local;
}

Status join_group(int socket, const asio::ip::address& group, unsigned interface) {
  if (join(socket, group, interface)) return ok;
  if (errno == EADDRINUSE) {
    // Its membership of an interface that had this index before, or already this very one.
    leave_group(socket, group, interface);
    if (join(socket, group, interface)) return ok;
  }
  const bool limit = errno == ENOBUFS || errno == ENOMEM;
  const char* const which = group.is_v4() ? "net.ipv4.igmp_max_memberships or net.core.optmem_max"
                                          : "net.core.optmem_max";
  const bool no_v6 = group.is_v6() && (errno == ENODEV || errno == EINVAL);
  return errno_error("join " + group.to_string(),
                     limit   ? std::string{"the system's limit is reached: "} + which
                     : no_v6 ? "the interface has no IPv6"
                             : "");
}

void leave_group(int socket, const asio::ip::address& group, unsigned interface) {
  if (group.is_v4()) {
    const ip_mreqn member = membership_v4(group, interface);
    setsockopt(socket, IPPROTO_IP, IP_DROP_MEMBERSHIP, &member, sizeof member);
  } else {
    const ipv6_mreq member = membership_v6(group, interface);
    setsockopt(socket, IPPROTO_IPV6, IPV6_LEAVE_GROUP, &member, sizeof member);
  }
}

std::optional<Packet> take_packet(int socket, std::span<char> memory) {
  Packet packet;
  alignas(cmsghdr) std::array<char, 256> control;
  iovec piece{memory.data(), memory.size()};
  msghdr message{};
  message.msg_name = packet.sender.data();
  message.msg_namelen = static_cast<socklen_t>(packet.sender.capacity());
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = recvmsg(socket, &message, MSG_DONTWAIT);
  if (size < 0) return std::nullopt;
  packet.sender.resize(message.msg_namelen);
  packet.bytes = {memory.data(), static_cast<std::size_t>(size)};
  packet.cut = (message.msg_flags & MSG_TRUNC) != 0;
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each))
    note_way(packet, *each);
  return packet;
}

std::error_code send_packet(int socket, std::string_view bytes, const asio::ip::udp::endpoint& to,
                            const PacketWay& way) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(to.data());
  message.msg_namelen = static_cast<socklen_t>(to.size());
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (way.interface != 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (to.address().is_v6()) {
      in6_pktinfo info{};
      info.ipi6_ifindex = way.interface;
      put(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
    } else {
      in_pktinfo info{};
      info.ipi_ifindex = static_cast<int>(way.interface);
      info.ipi_spec_dst.s_addr = htonl(way.source_v4.to_uint());
      put(message, IPPROTO_IP, IP_PKTINFO, info);
    }
  }
  if (sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return {};
  return {errno, std::generic_category()};
}

}  // namespace netkit::net
