// Lines to a descriptor or to memory.
#include "log/sink.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/file.hpp"

namespace netkit::log {
namespace {

template <typename T>
bool read_number(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

/// What `fd` is open on, opened once more: non-blocking, which `fd` cannot be made without doing it
/// to every program that shares it. None where /proc or the right to open it is missing.
FileDescriptor opened_again(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return FileDescriptor{::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
}

}  // namespace

ssize_t StderrSink::write_now(const iovec* parts, int count) const noexcept {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return -1;
  if (S_ISSOCK(info.st_mode)) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts);
    message.msg_iovlen = static_cast<std::size_t>(count);
    return ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  if (!S_ISFIFO(info.st_mode) && ::isatty(fd_) == 0) return ::writev(fd_, parts, count);

  // For each line anew: a daemon lets go of its stderr, and must not hold it open elsewhere.
  if (const FileDescriptor again = opened_again(fd_)) return ::writev(again.get(), parts, count);
  pollfd room{fd_, POLLOUT, 0};
  if (::poll(&room, 1, 0) != 1) {
    errno = EAGAIN;
    return -1;
  }
  // What poll() calls room is at least this much (pipe(7)); more than that would wait for a reader.
  iovec fitting[2];
  std::size_t left = PIPE_BUF;
  for (int i = 0; i < count; ++i) {
    fitting[i] = {parts[i].iov_base, std::min(parts[i].iov_len, left)};
    left -= fitting[i].iov_len;
  }
  return ::writev(fd_, fitting, count);
}

bool StderrSink::write(std::string_view line) noexcept {
  const std::lock_guard lock{mutex_};
  char line_end = '\n';
  iovec parts[2] = {{&line_end, 1}, {const_cast<char*>(line.data()), line.size()}};
  const int first = torn_ ? 0 : 1;
  const std::size_t size = line.size() + (torn_ ? 1 : 0);
  ssize_t written = 0;
  do
    written = write_now(parts + first, 2 - first);
  while (written < 0 && errno == EINTR);
  if (written <= 0) return false;
  // A cut line is not completed later: what filled the pipe or the disk would cut it again.
  torn_ = static_cast<std::size_t>(written) < size;
  return !torn_;
}

bool MemorySink::write(std::string_view line) noexcept {
  const std::lock_guard lock{mutex_};
  if (refuse_) return false;
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  lines_.emplace_back(line);
  if (lines_.size() > lines_max_) lines_.erase(lines_.begin());
  return true;
}

std::vector<std::string> MemorySink::lines() const {
  const std::lock_guard lock{mutex_};
  return lines_;
}

std::string MemorySink::text() const {
  const std::lock_guard lock{mutex_};
  std::string text;
  for (const std::string& line : lines_)
    text += line + "\n";
  return text;
}

void MemorySink::clear() {
  const std::lock_guard lock{mutex_};
  lines_.clear();
}

void MemorySink::refuse(bool yes) {
  const std::lock_guard lock{mutex_};
  refuse_ = yes;
}

bool is_journal(int fd, std::string_view journal_stream) noexcept {
  const std::size_t colon = journal_stream.find(':');
  if (colon == std::string_view::npos) return false;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  struct stat info {};
  return read_number(journal_stream.substr(0, colon), device) &&
         read_number(journal_stream.substr(colon + 1), inode) && ::fstat(fd, &info) == 0 &&
         info.st_dev == device && info.st_ino == inode;
}

}  // namespace netkit::log
