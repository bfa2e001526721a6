// What `netkit --version` says.
#pragma once

#include <string>

namespace netkit::cli {

/// Version, the libraries with their versions, and the features that are built in, as curl does.
std::string version_text();

}  // namespace netkit::cli
