// Appending and renaming. The size is asked of the file before each line, so that processes which
// share it agree on it; the lock is held only while one of them renames.
#include "log/file_sink.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "base/text.hpp"

namespace netkit::log {
namespace {

constexpr int old_files_max = 99;

/// Non-blocking, so that a FIFO without a reader is an error and one with a slow reader loses
/// lines.
FileDescriptor open_to_append(const std::string& path) {
  return FileDescriptor{::open(
      path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640)};
}

/// Whether `path` still names the open file.
bool is_same_file(const std::string& path, const struct stat& open_file) {
  struct stat named {};
  return ::stat(path.c_str(), &named) == 0 && named.st_dev == open_file.st_dev &&
         named.st_ino == open_file.st_ino;
}

}  // namespace

FileSink::FileSink(std::string path, FileLimits limits, FileDescriptor file)
    : path_{std::move(path)}, limits_{limits}, file_{std::move(file)} {}

Result<std::unique_ptr<FileSink>> FileSink::open(std::string path, FileLimits limits) {
  limits.old_files = std::clamp(limits.old_files, 0, old_files_max);
  FileDescriptor file = open_to_append(path);
  if (!file) return errno_error("open the log file " + escape_for_display(path));
  return std::unique_ptr<FileSink>{new FileSink{std::move(path), limits, std::move(file)}};
}

Status FileSink::reopen() {
  const std::lock_guard lock{mutex_};
  FileDescriptor file = open_to_append(path_);
  if (!file) return errno_error("reopen the log file " + escape_for_display(path_));
  file_ = std::move(file);
  rotate_again_at_ = 0;
  torn_ = false;
  return ok;
}

bool FileSink::write(std::string_view line) noexcept {
  const std::lock_guard lock{mutex_};
  if (limits_.size_max > 0) make_room(line.size());
  return append(line);
}

bool FileSink::append(std::string_view line) noexcept {
  char line_end = '\n';
  iovec parts[2] = {{&line_end, 1}, {const_cast<char*>(line.data()), line.size()}};
  const int first = torn_ ? 0 : 1;
  const std::size_t size = line.size() + (torn_ ? 1 : 0);
  ssize_t written = 0;
  do
    written = ::writev(file_.get(), parts + first, 2 - first);
  while (written < 0 && errno == EINTR);
  if (written < 0) return false;
  if (static_cast<std::size_t>(written) == size) {
    torn_ = false;
    return true;
  }
  // The disk became full within the line. The fragment is taken back if it still ends the file;
  // otherwise the next line starts with a line end, so that the fragment stands alone.
  struct stat info {};
  const off_t end = ::lseek(file_.get(), 0, SEEK_CUR);
  if (::fstat(file_.get(), &info) == 0 && S_ISREG(info.st_mode) && info.st_size == end &&
      ::ftruncate(file_.get(), end - written) == 0)
    return false;
  torn_ = torn_ || written > 0;
  return false;
}

void FileSink::make_room(std::size_t line_size) noexcept {
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size == 0 || size + line_size <= limits_.size_max || size < rotate_again_at_) return;
  // Tried again only after as much again, so that an unwritable folder does not cost every line.
  rotate_again_at_ = rotate() ? 0 : size + limits_.size_max;
}

bool FileSink::rotate() noexcept {
  // Another process may be renaming: then this line still goes to the old file, which is no harm.
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK;
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0) return false;
  if (is_same_file(path_, info)) {
    const auto old_path = [&](int n) { return path_ + "." + std::to_string(n); };
    for (int n = limits_.old_files; n > 1; --n)
      ::rename(old_path(n - 1).c_str(), old_path(n).c_str());
    const bool moved = limits_.old_files == 0 ? ::unlink(path_.c_str()) == 0
                                              : ::rename(path_.c_str(), old_path(1).c_str()) == 0;
    if (!moved) {
      ::flock(file_.get(), LOCK_UN);
      return false;
    }
  }
  // Renamed by us or by another process. Without a new file the old one goes on being used, and the
  // next line tries again.
  FileDescriptor fresh = open_to_append(path_);
  ::flock(file_.get(), LOCK_UN);
  if (fresh) {
    file_ = std::move(fresh);
    torn_ = false;
  }
  return true;
}

}  // namespace netkit::log
