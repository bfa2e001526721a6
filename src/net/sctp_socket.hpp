// usrsctp's sockets as this layer makes them: one-to-one, non-blocking, with our settings.
#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "net/sctp_association.hpp"

struct sockaddr_conn;

namespace netkit::net {

/// A peer as usrsctp takes it: `peer` is one of the stack's numbers, none for any.
sockaddr_conn sctp_address(void* peer, std::uint16_t port);

/// A socket with `settings`, which those that it accepts inherit.
Result<struct socket*> open_sctp_socket(const SctpSettings& settings);

}  // namespace netkit::net
