// Names of files at a server, for Tab behind its endpoint.
#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"

namespace netkit::filesrv {

/// What is in the folder that the word being typed is in; folders end with a slash.
std::vector<std::string> remote_names(const cli::Typed& typed);

}  // namespace netkit::filesrv
