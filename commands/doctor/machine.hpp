// Looks at this machine: interfaces, multicast, SCTP, limits, clock, ports. What it makes of that
// is in commands/doctor/findings.hpp.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>

#include "cli/command.hpp"
#include "commands/doctor/reach.hpp"
#include "commands/doctor/report.hpp"

namespace netkit::doctor {

Status look_at_interfaces(Report& report);

/// Listens for half a second.
asio::awaitable<void> look_at_multicast(cli::Context& context, std::uint16_t port, Report& report);

/// The rest, which takes no time. `own_sctp` is the attempt at a listener of our own.
void look_at_limits(std::uint16_t group_port, const Try& own_sctp, Report& report);

}  // namespace netkit::doctor
