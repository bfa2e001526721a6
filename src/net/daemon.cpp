// Locked pid files and the double life of a starting daemon.
#include "net/daemon.hpp"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace netkit::net {
namespace {

constexpr int rounds_max = 16;
constexpr std::size_t pid_text_max = 32;

/// True if `path` names the file that is open as `file`.
bool is_still_at(const std::string& path, int file) {
  struct stat there;
  struct stat ours;
  return lstat(path.c_str(), &there) == 0 && fstat(file, &ours) == 0 &&
         there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

/// What a pid file may hold: digits and a line end, or nothing yet. Errc::usage for anything else:
/// a slip of the pen must not cost somebody a file.
Result<std::string> read_pid(const std::string& path, int file) {
  const Error other{Errc::usage, "use " + path + " as the pid file",
                    "it holds something else; remove it, or name another"};
  struct stat info;
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) return other;
  std::array<char, pid_text_max> text{};
  const ssize_t count = pread(file, text.data(), text.size(), 0);
  if (count < 0) return errno_error("read the pid file " + path);
  std::string_view pid{text.data(), static_cast<std::size_t>(count)};
  if (pid.ends_with('\n')) pid.remove_suffix(1);
  const bool digits = pid.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || static_cast<std::size_t>(count) == text.size()) return other;
  return std::string{pid};
}

/// Waits for the child's word; its end without one passes its exit code on.
[[noreturn]] void await_child(int from_child, pid_t child) {
  char word = 0;
  ssize_t count = 0;
  do
    count = read(from_child, &word, 1);
  while (count < 0 && errno == EINTR);
  if (count == 1) _exit(EXIT_SUCCESS);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

}  // namespace

Result<PidFile> PidFile::lock(const std::string& path) {
  PidFile made;
  made.path_ = path;
  Result<std::string> other;
  int locked = 0;
  // A holder that ends between our open and our lock takes the file away: the lock would be on a
  // file that nobody else finds. The next round makes a new one.
  for (int round = 0; round < rounds_max; ++round) {
    made.file_.reset(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!made.file_) return errno_error("open the pid file " + path);
    other = read_pid(path, made.file_.get());
    if (!other) return other.error();
    locked = flock(made.file_.get(), LOCK_EX | LOCK_NB);
    if (locked != 0 || is_still_at(path, made.file_.get())) break;
    locked = -1;
  }
  if (locked != 0)
    return Error{Errc::busy, "lock the pid file " + path,
                 "it runs already with process id " + *other};
  if (Status written = made.write_pid(); !written) return written.error();
  return made;
}

Status PidFile::write_pid() const {
  const std::string text = std::to_string(getpid()) + "\n";
  if (ftruncate(file_.get(), 0) != 0 || lseek(file_.get(), 0, SEEK_SET) != 0)
    return errno_error("write the pid file " + path_);
  if (const Status written = write_all(file_.get(), text); !written)
    return Error{written.error().code, "write the pid file " + path_};
  return ok;
}

void PidFile::remove() {
  // Somebody may have taken it away, and another server may have made a new one since.
  if (is_still_at(path_, file_.get())) unlink(path_.c_str());
}

Result<Detached> detach() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("detach");
  FileDescriptor from_child{ends[0]};
  FileDescriptor to_parent{ends[1]};
  const pid_t child = fork();
  if (child < 0) return errno_error("detach");
  if (child > 0) {
    to_parent.reset();
    await_child(from_child.get(), child);
  }
  if (setsid() < 0) return errno_error("start a session");
  if (chdir("/") != 0) return errno_error("change to /");
  Detached detached;
  detached.parent_ = std::move(to_parent);
  return detached;
}

void Detached::ready() {
  const FileDescriptor nothing{open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (nothing)
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
      dup2(nothing.get(), standard);
  static_cast<void>(write_all(parent_.get(), "r"));
  parent_.reset();
}

}  // namespace netkit::net
