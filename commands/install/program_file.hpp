// The file that is running: what is installed, and what units start.
#pragma once

#include <string>

#include "base/result.hpp"

namespace netkit::install {

/// Its absolute path. Without /proc it is the name that it was started by.
Result<std::string> program_path();

/// `path` as an absolute one without "." and ".." and without a slash at its end; "" for the root.
std::string tidy_path(const std::string& path);

/// All of it, as it was started, also if another file has its name by now.
Result<std::string> program_bytes();

}  // namespace netkit::install
