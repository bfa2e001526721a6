// usrsctp's sockets as this layer makes them: one-to-one, non-blocking, with our settings.
#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "net/sctp_association.hpp"

struct sockaddr_conn;

namespace netkit::net {

/// A peer as usrsctp takes it: `peer` is one of the stack's numbers, none for any.
sockaddr_conn sctp_address(void* peer, std::uint16_t port);

/// How large packets may be, UDP's head aside: what passes any way that IPv6 may take (RFC 8200,
/// 5), or as much as is good within one machine, whose loopback takes 65,536 bytes.
enum class PacketSize : std::uint32_t { anywhere = 1200, same_machine = 32'000 };

/// Of all ways of an association, or, of a socket that listens or has not connected, of those to
/// come. An association that has begun with small packets keeps them.
void set_packet_size(struct socket* socket, PacketSize size);

/// A socket with `settings`, which those that it accepts inherit.
Result<struct socket*> open_sctp_socket(const SctpSettings& settings);

}  // namespace netkit::net
