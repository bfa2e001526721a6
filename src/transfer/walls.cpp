// landlock(7) by its system calls, as libc has none. Debian 12's header knows the ABI up to 2: what
// came later is named here, and taken from kernels that say they have it.
#include "transfer/walls.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace netkit::transfer {
namespace {

constexpr std::uint64_t access_truncate = 1ULL << 14;      // ABI 3.
constexpr std::uint64_t access_device_ioctl = 1ULL << 15;  // ABI 5.

constexpr std::uint64_t access_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
/// What we ourselves never do, wherever it is: run what others may have put there, make devices.
constexpr std::uint64_t access_never =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;
/// The kernel takes no others in a rule for a file.
constexpr std::uint64_t access_of_file =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
    access_truncate | access_device_ioctl;

int landlock_version() {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : static_cast<int>(version);
}

/// All that this version can hold back; what it cannot stays allowed.
std::uint64_t handled_by(int version) {
  std::uint64_t handled = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1;  // ABI 1: up to it.
  if (version >= 2) handled |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) handled |= access_truncate;
  if (version >= 5) handled |= access_device_ioctl;
  return handled;
}

Status allow(int ruleset, const std::string& path, std::uint64_t access) {
  const std::string attempt = "keep " + escape_for_display(path) + " in reach";
  const FileDescriptor place{::open(path.c_str(), O_PATH | O_CLOEXEC)};
  if (!place && (errno == ENOENT || errno == ENOTDIR)) return ok;
  struct stat status {};
  if (!place || ::fstat(place.get(), &status) != 0) return errno_error(attempt);
  landlock_path_beneath_attr rule{};
  rule.parent_fd = place.get();
  rule.allowed_access = S_ISDIR(status.st_mode) ? access : access & access_of_file;
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    return errno_error(attempt);
  return ok;
}

/// The version in force; 0 if the kernel refuses.
Result<int> raise_landlock(const Reach& reach) {
  const int version = landlock_version();
  if (version == 0) return 0;
  landlock_ruleset_attr handled{};
  handled.handled_access_fs = handled_by(version);
  const FileDescriptor ruleset{static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled.handled_access_fs, 0))};
  if (!ruleset) return 0;
  for (const std::string& path : reach.read)
    if (const Status allowed = allow(ruleset.get(), path, access_read); !allowed)
      return allowed.error();
  for (const std::string& path : reach.write)
    if (const Status allowed =
            allow(ruleset.get(), path, handled.handled_access_fs & ~access_never);
        !allowed)
      return allowed.error();
  return ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0 ? version : 0;
}

}  // namespace

Result<Walls> raise_walls(const Reach& reach) {
  Walls walls;
  walls.no_new_privileges = ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
  const auto landlock = raise_landlock(reach);
  if (!landlock) return landlock.error();
  walls.landlock = *landlock;
  return walls;
}

}  // namespace netkit::transfer
