// Turning into a daemon and being the only one: --daemon and --pid-file. Done before any thread,
// socket or TLS session exists.
#pragma once

#include <string>
#include <sys/types.h>

#include "base/file.hpp"
#include "base/result.hpp"

namespace netkit::net {

/// A file with our process id that stays locked while we run. A lock ends with its process, so a
/// file that a crash left behind is never believed.
class PidFile {
 public:
  /// Errc::busy, with the other's id, if a running process holds it. Errc::usage for a file that is
  /// not a pid file, which stays as it is.
  static Result<PidFile> lock(const std::string& path);
  /// Writes the calling process's id: again after a fork, whose child inherits the lock.
  Status write_pid() const;
  /// Removes the file; the lock goes with the object.
  void remove();

 private:
  std::string path_;
  FileDescriptor file_;
};

/// The parent's end of the start of a daemon.
class Detached {
 public:
  /// In the child: everything is up. The parent exits 0 and the child lets go of the terminal.
  void ready();

 private:
  friend Result<Detached> detach();
  FileDescriptor parent_;
};

/// Forks and starts a session (daemon(7)). Returns in the child; the parent stays until the child
/// is ready or has ended, and exits with 0 or the child's exit code. The child keeps stdout and
/// stderr until ready(), so that a start that fails is seen.
Result<Detached> detach();

}  // namespace netkit::net
