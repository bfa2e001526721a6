// Manual pages from the command table and the declared options: the same that --help tells, with
// the prose of the commands. Pure: a table in, roff out.
#pragma once

#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "cli/roff.hpp"

namespace netkit::cli {

/// netkit-COMMAND(1). Command::manual is its DESCRIPTION, in the markup of roff.hpp, packed or not
/// (packed_text.hpp); sections that it begins itself ("# FILES") stand behind the examples.
std::string command_page(const Command& command, Table table);

/// What netkit(1) has of the table: an item a command, the global options, what exit codes mean.
void append_commands(RoffPage& page, Table table);
void append_global_options(RoffPage& page);
void append_exit_codes(RoffPage& page, std::span<const ExitNote> own);

}  // namespace netkit::cli
