// The rows of install and unit in the command table.
#pragma once

#include "cli/command.hpp"

namespace netkit::install {

extern const cli::Command install_command;
extern const cli::Command unit_command;

}  // namespace netkit::install
