// The one list of all commands. main() runs them, help and completion read them.
#pragma once

#include "cli/command.hpp"

namespace netkit::commands {

cli::Table table();

}  // namespace netkit::commands
