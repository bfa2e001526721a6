// UDP sockets that know by which interface each datagram came, and send by the one they are told:
// what multicast stands on. Plain calls that never wait; owns no memory and keeps no state.
#pragma once

#include <asio/ip/address.hpp>
#include <asio/ip/udp.hpp>
#include <optional>
#include <span>
#include <string_view>

#include "base/file.hpp"
#include "base/result.hpp"

namespace netkit::net {

struct Packet {
  std::string_view bytes;          ///< In the memory given.
  asio::ip::udp::endpoint sender;  ///< A link-local one keeps its scope: it can be answered.
  asio::ip::address destination;   ///< One of ours, or a group.
  unsigned interface = 0;          ///< By which it came; 0: unknown.
  bool cut = false;                ///< It was longer than the memory.
};

struct PacketOptions {
  bool shared = false;  ///< Any number of sockets of any user may have this address and port.
  unsigned hops = 1;    ///< Of what is sent to groups.
  bool loop = true;     ///< Whether others on this machine hear what is sent to groups.
};

/// A bound socket of the family of `at`; an IPv6 one takes nothing of IPv4.
Result<FileDescriptor> open_packets(const asio::ip::udp::endpoint& at,
                                    const PacketOptions& options);

/// What it is bound to.
asio::ip::udp::endpoint local_packets(int socket);

/// Group membership on one interface. The error's hint says which limit of the system is reached.
Status join_group(int socket, const asio::ip::address& group, unsigned interface);
/// Also of an interface that has gone: it counts against the limit until then.
void leave_group(int socket, const asio::ip::address& group, unsigned interface);

/// The next datagram; nullopt if there is none, also if the socket has something to report, which
/// then is taken.
std::optional<Packet> take_packet(int socket, std::span<char> memory);

/// How a datagram leaves: by any interface and from any address of ours, or by these.
struct PacketWay {
  unsigned interface = 0;
  asio::ip::address_v4 source_v4;  ///< The kernel has no good one of loopback's for a group.
};

std::error_code send_packet(int socket, std::string_view bytes, const asio::ip::udp::endpoint& to,
                            const PacketWay& way);

}  // namespace netkit::net
