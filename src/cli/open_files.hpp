// The limit on open files, which is the limit on connections. Raised by whatever opens many.
#pragma once

#include <cstdint>

namespace netkit::cli {

/// Raises the soft limit to the hard one, as far as that is allowed, and returns what is in force.
std::uint64_t raise_open_files();

/// How many connections a server takes with so many: the rest is for its files, listeners and logs.
constexpr std::uint64_t connections_of(std::uint64_t open_files) {
  return open_files / 10 * 8;
}

}  // namespace netkit::cli
