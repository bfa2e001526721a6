// One process a state folder: taken by servers before they open what lies in it. Never removes the
// lock file, since a removed one could be locked by two.
#pragma once

#include <string>
#include <string_view>

#include "base/file.hpp"
#include "base/result.hpp"

namespace netkit::store {

/// Holds FOLDER/lock (flock) for as long as it lives; the kernel lets go of it when the process
/// ends in any way. A fork() shares it: it is held until parent and child have both let go.
class StateLock {
 public:
  /// `who` is the command's name, for the message that the next one gets. Errc::busy, naming the
  /// holder, if the folder is in use. The folder must exist.
  static Result<StateLock> take(const std::string& folder, std::string_view who);

  /// Writes the calling process's id anew; for a daemon after its fork().
  Status write_holder() const;

 private:
  StateLock() = default;

  FileDescriptor file_;
  std::string path_;
  std::string who_;
};

}  // namespace netkit::store
