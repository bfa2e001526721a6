// What the kernel is asked to hold against this very process, in case somebody takes it over:
// Landlock and no-new-privileges. For servers, once, before they start threads.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace netkit::transfer {

/// What a process may still reach in the file system. What is missing is passed over.
struct Reach {
  std::vector<std::string> read;   ///< Files, and folders with all below. Nothing can be executed.
  std::vector<std::string> write;  ///< Read, and write, create, remove, rename.
};

struct Walls {
  bool no_new_privileges = false;
  int landlock = 0;  ///< The ABI version in force; 0: the kernel has none or refuses it.
};

/// Restricts the calling thread and all that it starts. Not having Landlock is no error.
Result<Walls> raise_walls(const Reach& reach);

}  // namespace netkit::transfer
