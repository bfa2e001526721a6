// Looks at the way to another machine: looks its name up, knocks at its ports, asks what time it is
// there; all at once, within seconds. What it makes of that is in commands/doctor/reach.hpp.
#pragma once

#include <asio/awaitable.hpp>
#include <vector>

#include "cli/command.hpp"
#include "commands/doctor/reach.hpp"
#include "net/endpoint.hpp"

namespace netkit::doctor {

struct Way {
  std::vector<Finding> findings;
  Status reached = ok;  ///< An error if the host has said nothing at all.
};

/// To a host: to the port given, by the carrier that the scheme names, else to all of
/// net::service_ports. `to` has a host.
asio::awaitable<Way> look_at_way(cli::Context& context, net::Endpoint to);

/// Associates with a user-space SCTP listener of its own on loopback.
asio::awaitable<Try> try_user_sctp();

}  // namespace netkit::doctor
