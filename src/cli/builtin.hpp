// The commands about the program itself: rows for the command table, beside those of the services.
#pragma once

#include "cli/command.hpp"

namespace netkit::cli {

extern const Command help_builtin;
extern const Command completion_builtin;

}  // namespace netkit::cli
