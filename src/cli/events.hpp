// Which events a server logs: those that all have, and those that its manual page lists. For
// `--on EVENT=CMD`, so that a name that never comes is told at once, and for Tab.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/reactions.hpp"

namespace netkit::cli {

/// An item each with its fields, in the markup of roff.hpp, packed: netkit(1) prints it.
extern const std::string_view common_events;

/// What --on may name: the common ones that commands can follow and those under "# EVENTS" of the
/// command's manual, sorted, each once.
std::vector<std::string> event_names(const Command& command);

/// Errc::usage for one that `known` does not have and that is not all_events. `command` is whose
/// manual has the rest.
Status check_events(const std::vector<Reaction>& reactions, const std::vector<std::string>& known,
                    std::string_view command);

}  // namespace netkit::cli
