// Names that Tab offers after the verbs of relay and to chat, asked of the relay on this machine by
// its admin socket. Silent and over within 300 ms, whatever that relay does.
#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"

namespace netkit::relay {

/// As /who shows them.
std::vector<std::string> people_here(const cli::Typed& typed);
std::vector<std::string> rooms_here(const cli::Typed& typed);

}  // namespace netkit::relay
