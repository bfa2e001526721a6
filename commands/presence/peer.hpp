// `netkit peer`: its row in the command table.
#pragma once

#include "cli/command.hpp"

namespace netkit::presence {

extern const cli::Command peer_command;

}  // namespace netkit::presence
