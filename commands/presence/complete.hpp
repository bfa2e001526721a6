// Candidates at Tab: peers that are here, and servers that announced themselves.
#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"

namespace netkit::presence {

/// Peers that are here, as shown; empty when nobody answers within 200 ms.
std::vector<std::string> peers_here(const cli::Typed& typed);

/// Endpoints of servers that are here, as `netkit discover` prints them, within the same time.
std::vector<std::string> endpoints_here(const cli::Typed& typed);

}  // namespace netkit::presence
