// Locks, whole reads and swaps of list files by POSIX and Linux calls.
#include "store/list_file.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.hpp"
#include "store/address_text.hpp"

namespace netkit::store {
namespace {

using namespace std::chrono_literals;

constexpr int links_max = 16;
constexpr std::chrono::milliseconds pause_max = 20ms;

std::string attempt(std::string_view verb, const std::string& path) {
  return std::string{verb} + " " + escape_for_display(path);
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

Status check_regular(const FileDescriptor& file, const std::string& path) {
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return errno_error(attempt("open", path));
  if (!S_ISREG(info.st_mode))
    return Error{Errc::refused, attempt("use", path), "it is not a regular file"};
  return ok;
}

/// Some network file systems lock only what is open for writing; PATH.lock is, and is held, too.
bool locks_need_writing(int reason) {
  return reason == EBADF;
}

}  // namespace

bool is_at(const std::string& path, const FileDescriptor& file) {
  struct stat there {};
  struct stat ours {};
  return stat(path.c_str(), &there) == 0 && fstat(file.get(), &ours) == 0 &&
         there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

Result<std::string> target_of(const std::string& path) {
  std::string target = path;
  for (int link = 0; link < links_max; ++link) {
    std::array<char, PATH_MAX> bytes;
    const ssize_t size = readlink(target.c_str(), bytes.data(), bytes.size());
    if (size < 0 && (errno == EINVAL || errno == ENOENT)) return target;
    if (size < 0) return errno_error(attempt("open", path));
    const std::string_view next{bytes.data(), static_cast<std::size_t>(size)};
    target = next.starts_with('/') ? std::string{next} : folder_of(target).append(next);
  }
  errno = ELOOP;
  return errno_error(attempt("open", path));
}

Result<FileDescriptor> open_locked(const std::string& path, int flags,
                                   std::chrono::steady_clock::time_point until) {
  for (auto pause = 1ms;; pause = std::min(pause * 2, pause_max)) {
    // Opened anew each time: who holds the lock may be about to replace the file. O_NONBLOCK: a
    // FIFO of that name must not hold us up.
    FileDescriptor file{
        open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, mode_t{0644})};
    if (!file) return errno_error(attempt("open", path));
    if (Status regular = check_regular(file, path); !regular) return regular.error();
    const int locked = flock(file.get(), LOCK_EX | LOCK_NB);
    if (locked == 0 || locks_need_writing(errno)) {
      if (is_at(path, file)) return file;
    } else if (errno != EWOULDBLOCK && errno != EINTR) {
      return errno_error(attempt("lock", path));
    }
    if (std::chrono::steady_clock::now() >= until)
      return Error{Errc::busy, attempt("lock", path), "another program holds the lock"};
    ::poll(nullptr, 0, static_cast<int>(pause.count()));  // flock() knows no time limit.
  }
}

Result<std::string> read_whole(const FileDescriptor& file, const std::string& path) {
  std::string bytes;
  std::array<char, 16 * 1024> part;
  for (;;) {
    const ssize_t got =
        pread(file.get(), part.data(), part.size(), static_cast<off_t>(bytes.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(attempt("read", path));
    if (got == 0) return bytes;
    bytes.append(part.data(), static_cast<std::size_t>(got));
    if (bytes.size() > address_list_size_max)
      return Error{Errc::too_large, attempt("read", path), "more than 1 MiB"};
  }
}

Status write_fresh(const std::string& path, std::string_view bytes, const struct stat* like) {
  const std::string what = attempt("write", path);
  // What a killed process left behind under this name is of no use to anyone.
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error(what);
  FileDescriptor file{
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode_t{0600})};
  if (!file) return errno_error(what);
  // Only root may give files away. Without that right the content still counts, so it is tried.
  if (like && (like->st_uid != geteuid() || like->st_gid != getegid()) &&
      fchown(file.get(), like->st_uid, like->st_gid) != 0 && errno != EPERM)
    return errno_error(what);
  const mode_t mode = like ? like->st_mode & 07777 : mode_t{0644};
  if (fchmod(file.get(), mode) != 0) return errno_error(what);
  if (Status written = write_all(file.get(), bytes); !written)
    return Error{written.error().code, what};
  if (fsync(file.get()) != 0) return errno_error(what);
  if (close(file.release()) != 0 && errno != EINTR) return errno_error(what);
  return ok;
}

Status swap_files(const std::string& left, const std::string& right) {
  if (renameat2(AT_FDCWD, left.c_str(), AT_FDCWD, right.c_str(), RENAME_EXCHANGE) == 0) return ok;
  if (errno == ENOSYS) errno = EINVAL;
  return errno_error(attempt("write", right));
}

Status move_to_free_name(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return ok;
  // A link is refused just as well if the name is taken.
  if ((errno == EINVAL || errno == ENOSYS) && link(from.c_str(), to.c_str()) == 0) {
    unlink(from.c_str());
    return ok;
  }
  return errno_error(attempt("write", to));
}

Status sync_folder_of(const std::string& path) {
  const FileDescriptor folder{open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  // A folder that may be written but not listed cannot be synced; EINVAL: no such thing here.
  if (!folder && errno == EACCES) return ok;
  if (!folder || (fsync(folder.get()) != 0 && errno != EINVAL))
    return errno_error(attempt("write", path));
  return ok;
}

}  // namespace netkit::store
