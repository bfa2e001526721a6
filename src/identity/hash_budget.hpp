// How many password hashes this process may compute at a time without exhausting the machine, or
// the part of it that a container or service manager left us. Read once, when a server starts.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "identity/password.hpp"

namespace netkit::identity {

struct Machine {
  unsigned cores = 1;              ///< At least 1.
  std::uint64_t memory_bytes = 0;  ///< That can be had now; 0 if nothing says how much.
};

/// Cores: the process's CPU set, lowered by the quota of each cgroup around it (v2, v1). Memory:
/// the least of MemAvailable, what each cgroup's limits leave (caches that it would give back
/// counted as free) and what the address space limit leaves. What cannot be read does not limit.
/// The paths are arguments for tests.
Machine measure_machine(const std::string& proc = "/proc",
                        const std::string& cgroup = "/sys/fs/cgroup");

/// Hashes at a time: no more lanes than cores (but one hash), no more than half of the memory.
/// Errc::too_large if not even one fits into that half, with a hint that says what to do.
Result<unsigned> hash_threads(const Machine& machine, const HashParameters& parameters);

}  // namespace netkit::identity
