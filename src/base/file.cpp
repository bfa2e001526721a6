// Reading whole files, replacing them so that a crash or a full disk leaves the old one, and making
// folders that only their owner can change.
#include "base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/text.hpp"

namespace netkit {
namespace {

constexpr int lock_pause_ms = 10;

std::string shown(const std::string& path) {
  return escape_for_display(path);
}

/// Removes a temporary file unless it was renamed to its place. errno is kept.
class Temporary {
 public:
  explicit Temporary(const std::string& path) : path_{path} {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (!keep_) ::unlink(path_.c_str());
  }
  void keep() { keep_ = true; }

 private:
  const std::string& path_;
  bool keep_ = false;
};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// After a rename the folder must reach the disk too, or a power cut brings the old name back.
Status sync_folder(const std::string& folder, const std::string& attempt) {
  const FileDescriptor fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  // A folder that may be written but not listed cannot be synced; the file itself was.
  if (!fd && errno == EACCES) return ok;
  // EINVAL: a file system that has no fsync for folders.
  if (!fd || (::fsync(fd.get()) != 0 && errno != EINVAL)) return errno_error(attempt);
  return ok;
}

Status check_private(const std::string& path) {
  const std::string attempt = "use the folder " + shown(path);
  const FileDescriptor fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return errno_error(attempt);
  if (info.st_uid != ::geteuid())
    return Error{Errc::refused, attempt, "it belongs to another user"};
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error{Errc::refused, attempt, "others can write to it; try: chmod go-w " + shown(path)};
  return ok;
}

}  // namespace

void FileDescriptor::reset(int fd) noexcept {
  const int kept = errno;
  // Linux frees the number even when close reports EINTR, so it is never repeated.
  if (fd_ >= 0) ::close(fd_);
  errno = kept;
  fd_ = fd;
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("write");
    if (written == 0) return Error{std::make_error_code(std::errc::io_error), "write"};
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return ok;
}

Result<std::string> read_file(const std::string& path, std::size_t size_max) {
  const std::string attempt = "read " + shown(path);
  const FileDescriptor fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  if (!fd) return errno_error(attempt);
  std::string bytes;
  for (;;) {
    // One byte past the limit tells a file that is too large from one that just fits.
    const std::size_t have = bytes.size();
    const std::size_t want = std::min<std::size_t>(size_max - have, 64 * 1024 - 1) + 1;
    bytes.resize(have + want);
    const ssize_t got = ::read(fd.get(), bytes.data() + have, want);
    bytes.resize(have + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno != EINTR) return errno_error(attempt);
    if (got == 0) return bytes;
    if (bytes.size() > size_max) return Error{Errc::too_large, attempt};
  }
}

Status write_file_atomically(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string attempt = "write " + shown(path);
  std::string temporary_path = path + ".XXXXXX";
  FileDescriptor fd{::mkostemp(temporary_path.data(), O_CLOEXEC)};
  if (!fd) return errno_error(attempt);
  Temporary temporary{temporary_path};
  if (::fchmod(fd.get(), mode) != 0) return errno_error(attempt);
  if (const Status written = write_all(fd.get(), bytes); !written)
    return Error{written.error().code, attempt};
  if (::fsync(fd.get()) != 0) return errno_error(attempt);
  // Some file systems (NFS, quotas) tell of a full disk only here.
  if (::close(fd.release()) != 0 && errno != EINTR) return errno_error(attempt);
  if (::rename(temporary_path.c_str(), path.c_str()) != 0) return errno_error(attempt);
  temporary.keep();
  return sync_folder(folder_of(path), attempt);
}

Status lock_within(int file, const std::string& path, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  // No flock() that waits: only a signal could end it, and those belong to the event loop.
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return errno_error("lock " + shown(path));
    if (std::chrono::steady_clock::now() >= until)
      return Error{Errc::busy, "lock " + shown(path),
                   "another program keeps " + shown(path) + " locked"};
    ::poll(nullptr, 0, lock_pause_ms);
  }
  return ok;
}

Status make_private_directory(const std::string& path) {
  if (path.empty())
    return Error{std::make_error_code(std::errc::no_such_file_or_directory),
                 "create a folder without a name"};
  for (std::size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0700) == 0) continue;
    const int reason = errno;
    // An existing parent may answer EROFS or EACCES instead of EEXIST: what counts is that it is
    // there.
    struct stat info {};
    if (::stat(part.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) continue;
    errno = reason == EEXIST ? ENOTDIR : reason;
    return errno_error("create the folder " + shown(part));
  }
  return check_private(path);
}

}  // namespace netkit
