// Looks at this machine: interfaces, multicast, SCTP, limits, clock, ports. What it makes of that
// is in commands/doctor/findings.hpp.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <vector>

#include "cli/command.hpp"
#include "commands/doctor/findings.hpp"

namespace netkit::doctor {

/// Takes as long as it listens for multicast, half a second.
asio::awaitable<Result<std::vector<Finding>>> look_at_machine(cli::Context& context,
                                                              std::uint16_t group_port);

}  // namespace netkit::doctor
