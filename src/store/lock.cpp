// The lock of a state folder, and who holds it.
#include "store/lock.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"

namespace netkit::store {
namespace {

constexpr int rounds_max = 16;

bool is_still_at(const std::string& path, int file) {
  struct stat there {};
  struct stat ours {};
  return lstat(path.c_str(), &there) == 0 && fstat(file, &ours) == 0 &&
         there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

/// "123 shutdown-server\n" -> "shutdown-server, pid 123, runs on it". What is there may be
/// anything.
std::string holder(int file) {
  std::array<char, 128> bytes{};
  const ssize_t count = pread(file, bytes.data(), bytes.size(), 0);
  const std::string_view text =
      trim({bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))});
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return "another process runs on it";
  return escape_for_display(text.substr(space + 1)) + ", pid " +
         escape_for_display(text.substr(0, space)) + ", runs on it";
}

}  // namespace

Result<StateLock> StateLock::take(const std::string& folder, std::string_view who) {
  StateLock made;
  made.path_ = folder + "/lock";
  made.who_ = who;
  const std::string attempt = "use " + escape_for_display(folder);
  // Somebody may take the file away between our open and our lock; the lock would be on a file that
  // nobody else finds.
  for (int round = 0; round < rounds_max; ++round) {
    made.file_.reset(open(made.path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!made.file_) return errno_error("lock " + escape_for_display(made.path_));
    int locked = 0;
    do
      locked = flock(made.file_.get(), LOCK_EX | LOCK_NB);
    while (locked != 0 && errno == EINTR);
    if (locked != 0 && errno == EWOULDBLOCK)
      return Error{Errc::busy, attempt, holder(made.file_.get()) + "; give another: --state DIR"};
    if (locked != 0) return errno_error("lock " + escape_for_display(made.path_));
    if (!is_still_at(made.path_, made.file_.get())) continue;
    if (Status written = made.write_holder(); !written) return written.error();
    return made;
  }
  return Error{Errc::busy, attempt, "its lock file is replaced again and again"};
}

Status StateLock::write_holder() const {
  const std::string text = std::to_string(getpid()) + " " + who_ + "\n";
  // On a full disk the lock still holds, only its message is poorer.
  if (ftruncate(file_.get(), 0) != 0) return errno_error("write " + escape_for_display(path_));
  const ssize_t count = pwrite(file_.get(), text.data(), text.size(), 0);
  if (count < 0 && errno != ENOSPC && errno != EDQUOT)
    return errno_error("write " + escape_for_display(path_));
  return ok;
}

}  // namespace netkit::store
