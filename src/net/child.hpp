// The child's side of starting a program: what happens between fork(2) and execve(2), where only
// async-signal-safe calls are allowed. For net/process.cpp alone.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace netkit::net {

/// All that the child needs, made before the fork: it must not allocate.
struct ChildPlan {
  char* const* arguments;
  char* const* environment;
  int (*instead)();   ///< Runs in place of a program; nullptr: there is a program.
  const char* claim;  ///< nullptr: none.
  const char* claim_folder;
  int input;
  int output;  ///< Standard output and standard error.
  int report;  ///< Where a ChildReport goes if the program cannot begin; closed when it begins.
};

enum class ChildStage : std::int32_t { prepare, claim, run };

struct ChildReport {
  ChildStage stage;
  std::int32_t error;  ///< errno.
};

/// fork(2). In the child, in a session of its own, does what the plan says and never returns.
pid_t fork_child(const ChildPlan& plan);

}  // namespace netkit::net
