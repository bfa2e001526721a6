// Whole files and private folders by POSIX calls, for configuration, state, keys, port files. What
// is written is either wholly there after a crash or not at all. Blocking: never for a peer's data.
#pragma once

#include <chrono>
#include <cstddef>
#include <dirent.h>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

#include "base/result.hpp"

namespace netkit {

/// Owns an open file descriptor and closes it. Move-only.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  /// Takes `fd` over; a negative number means none.
  explicit FileDescriptor(int fd) noexcept : fd_{fd} {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_{other.release()} {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~FileDescriptor() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Gives the descriptor away without closing it.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  /// Closes what it holds and takes `fd`. errno is kept, so that a failed call can still be told.
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
/// An open folder, to be read by readdir(3).
using Folder = std::unique_ptr<DIR, CloseFolder>;

/// Writes all of `bytes`, across short writes and EINTR. An error may leave a part written.
Status write_all(int fd, std::string_view bytes);

/// The whole of a file, pipes and /dev/stdin included. Errc::too_large past `size_max` bytes; a
/// directory is EISDIR; the attempt names the path.
Result<std::string> read_file(const std::string& path, std::size_t size_max);

/// Replaces `path` by a file with `bytes` and `mode` (whatever the umask): a temporary file in the
/// same folder, fsync, rename, fsync of the folder. On an error, a full disk included, the old file
/// stands untouched and the temporary one is gone. A symbolic link is replaced, not followed.
Status write_file_atomically(const std::string& path, std::string_view bytes, mode_t mode = 0644);

/// Takes flock(2)'s exclusive lock of the open `file`, which goes when that is closed. Errc::busy
/// if others keep it for as long as `limit`; the hint names `path`. Blocks the thread meanwhile.
Status lock_within(int file, const std::string& path, std::chrono::milliseconds limit);

/// Makes sure that `path` is a folder only its owner can change: creates it and missing parents
/// with mode 0700. Errc::refused for one that belongs to another user or that group or others may
/// write to; ENOTDIR for anything that is not a folder. Permissions of an existing one stay.
Status make_private_directory(const std::string& path);

}  // namespace netkit
