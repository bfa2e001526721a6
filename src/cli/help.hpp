// The text of --help, from the command table and the declared options.
#pragma once

#include <string>

#include "cli/command.hpp"

namespace netkit::cli {

/// `netkit --help`: the commands.
std::string help_all(Table table, const Options& globals);

/// `netkit echo --help`: the verbs, the exit status, two examples.
std::string help_command(const Command& command);

/// `netkit echo ping --help`: everything.
std::string help_verb(const Command& command, const Verb& verb, const Options& options);

}  // namespace netkit::cli
