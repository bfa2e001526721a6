// Names that Tab offers after the verbs of auth, asked of the server of the stored sign-in. Silent
// and over within 300 ms, whatever that server does.
#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"

namespace netkit::auth {

std::vector<std::string> known_users(const cli::Typed& typed);
std::vector<std::string> known_sessions_and_users(const cli::Typed& typed);

}  // namespace netkit::auth
