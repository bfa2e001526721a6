// getrlimit(2) and setrlimit(2).
#include "cli/open_files.hpp"

#include <sys/resource.h>

namespace netkit::cli {

std::uint64_t raise_open_files() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 1024;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);  // The old limit stays in force if this is refused.
  getrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur;
}

}  // namespace netkit::cli
