// The one mapping from errors to exit codes that scripts rely on (INTERFACE.md, "Exit codes").
#pragma once

#include "base/result.hpp"

namespace netkit::cli {

enum ExitCode {
  exit_done = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_unreachable = 3,  ///< Cannot reach or lost the peer.
  exit_refused = 4,      ///< Not authenticated, not allowed, not trusted.
  exit_not_found = 5,    ///< Not found, or the answer was not the expected one.
  exit_timed_out = 6,
  exit_no_command = 127,
  exit_interrupted = 130,
};

ExitCode exit_code_of(const Error& error);

}  // namespace netkit::cli
