// Looks at the way to another machine: looks its name up, knocks at its ports, asks what time it is
// there, within seconds. What it makes of that is in commands/doctor/reach.hpp.
#pragma once

#include <asio/awaitable.hpp>

#include "cli/command.hpp"
#include "commands/doctor/reach.hpp"
#include "commands/doctor/report.hpp"
#include "net/endpoint.hpp"
#include "net/sctp_choice.hpp"

namespace netkit::doctor {

/// To a host: to the port given, by the carrier that the scheme names, else to all of
/// net::service_ports. `to` has a host. An error if that has said nothing at all, or SIGINT came.
asio::awaitable<Status> look_at_way(cli::Context& context, const net::Endpoint& to, Report& report);

/// Associates by SCTP. Port 0 stands for a user-space listener of its own on loopback.
asio::awaitable<void> try_sctp(Try& each, net::SctpChoice choice);

}  // namespace netkit::doctor
