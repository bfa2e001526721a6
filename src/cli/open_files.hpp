// The limit on open files, which is the limit on connections. Raised by whatever opens many.
#pragma once

#include <cstdint>

namespace netkit::cli {

/// Raises the soft limit to the hard one, as far as that is allowed, and returns what is in force.
std::uint64_t raise_open_files();

}  // namespace netkit::cli
