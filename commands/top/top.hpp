// The command top: what servers do right now, as their /metrics say.
#pragma once

#include "cli/command.hpp"

namespace netkit::top {

extern const cli::Command command;

}  // namespace netkit::top
