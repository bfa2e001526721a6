// `netkit discover`: servers that announced themselves.
#pragma once

#include "cli/command.hpp"

namespace netkit::presence {

extern const cli::Command discover_command;

}  // namespace netkit::presence
