// Moving over what somebody wrote into a list file that had been replaced before their eyes.
#include <algorithm>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <unordered_map>

#include "base/text.hpp"
#include "store/address_list.hpp"
#include "store/list_file.hpp"

namespace netkit::store {
namespace {

using namespace std::chrono_literals;

/// An open() that had found the old file before it was replaced is through long before this.
constexpr std::chrono::milliseconds watch_at_least = 1s;

/// True if some process has the file open for writing. The kernel gives a read lease (fcntl(2),
/// F_SETLEASE) only if nobody has; where it gives none to anybody, false.
bool has_writer(const FileDescriptor& file) {
  // Breaking a lease is told by SIGIO, which would end the process; SIGURG is ignored by default.
  if (fcntl(file.get(), F_SETSIG, SIGURG) != 0) return false;
  if (fcntl(file.get(), F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN;
  fcntl(file.get(), F_SETLEASE, F_UNLCK);
  return false;
}

std::string_view last_line_of(std::string_view text) {
  const std::size_t end = text.rfind('\n');
  return end == std::string_view::npos ? text : text.substr(end + 1);
}

/// The lines of `now` that `known` has not, for a file that was rewritten in place.
std::string lines_added(std::string_view known, std::string_view now) {
  std::unordered_map<std::string_view, std::size_t> counts;
  for (const std::string_view line : split(known, '\n'))
    ++counts[line];
  std::string added;
  for (const std::string_view line : split(now, '\n')) {
    if (std::size_t& count = counts[line]; count > 0) {
      --count;
    } else if (!line.empty()) {
      added.append(line).append("\n");
    }
  }
  return added;
}

/// What has to be appended to `current` so that nothing which `now` has over `known` is missing.
std::string text_to_append(std::string_view known, std::string_view now, std::string_view current) {
  if (!now.starts_with(known)) {
    std::string added = lines_added(known, now);
    if (!added.empty() && !current.empty() && !current.ends_with('\n')) added.insert(0, "\n");
    return added;
  }
  std::string_view suffix = now.substr(known.size());
  if (suffix.empty()) return {};
  const std::string_view begun = last_line_of(known);
  // The end of a line whose beginning was there already, and still is.
  if (!begun.empty() && last_line_of(current) == begun) return std::string{suffix};
  std::string added;
  if (!current.empty() && !current.ends_with('\n')) added.append("\n");
  if (begun.empty()) return added.append(suffix);
  // The beginning was taken away or got a line end: the line is repeated as a whole, unless all
  // that came was its end.
  if (suffix.starts_with("\r\n")) suffix.remove_prefix(1);
  if (suffix.starts_with('\n'))
    suffix.remove_prefix(1);
  else
    added.append(begun);
  return suffix.empty() ? std::string{} : added.append(suffix);
}

Status append(const FileDescriptor& file, std::string_view bytes, const std::string& path) {
  const std::string attempt = "write " + escape_for_display(path);
  const off_t end = lseek(file.get(), 0, SEEK_END);
  // A full disk must be noticed before half a line is written.
  if (fallocate(file.get(), FALLOC_FL_KEEP_SIZE, end, static_cast<off_t>(bytes.size())) != 0 &&
      errno != EOPNOTSUPP && errno != ENOSYS)
    return errno_error(attempt);
  if (Status written = write_all(file.get(), bytes); !written)
    return Error{written.error().code, attempt};
  if (fsync(file.get()) != 0) return errno_error(attempt);
  return ok;
}

}  // namespace

Result<bool> AddressList::rescue() {
  if (retired_.empty()) return false;
  const Clock::time_point until = Clock::now() + lock_limit_;
  const Result<FileDescriptor> held = lock(until);
  if (!held) return held.error();
  const Result<std::string> target = target_of(path_);
  if (!target) return target.error();
  return rescue_locked(*target, until);
}

Result<bool> AddressList::rescue_locked(const std::string& target, Clock::time_point until) {
  bool found = false;
  for (auto one = retired_.begin(); one != retired_.end();) {
    // Asked before the last look: whoever wrote has written by then.
    const bool done = Clock::now() - one->since >= watch_at_least && !has_writer(one->file);
    const Result<bool> rescued = rescue_from(*one, target, until);
    if (!rescued) return rescued.error();
    found = found || *rescued;
    one = done ? retired_.erase(one) : one + 1;
  }
  return found;
}

Result<bool> AddressList::rescue_from(Retired& retired, const std::string& target,
                                      Clock::time_point until) {
  Result<std::string> now = read_whole(retired.file, path_);
  if (!now) return now.error();
  if (*now == retired.known) return false;
  const Result<FileDescriptor> file = open_locked(target, O_RDWR | O_CREAT | O_APPEND, until);
  if (!file) return file.error();
  const Result<std::string> current = read_whole(*file, path_);
  if (!current) return current.error();
  const std::string added = text_to_append(retired.known, *now, *current);
  if (current->size() + added.size() > address_list_size_max)
    return Error{Errc::too_large, "write " + escape_for_display(path_), "more than 1 MiB"};
  if (!added.empty())
    if (Status written = append(*file, added, path_); !written) return written.error();
  retired.known = std::move(*now);
  return !added.empty();
}

}  // namespace netkit::store
