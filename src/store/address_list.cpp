// Reading a list and replacing it so that nobody's change is lost, whoever else is at it.
#include "store/address_list.hpp"

#include <algorithm>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.hpp"
#include "store/list_file.hpp"

namespace netkit::store {
namespace {

/// How often somebody else may be quicker before an update gives up.
constexpr int tries_max = 16;
/// Tries that wait for a file that does not grow at the moment.
constexpr int patient_tries = 4;
constexpr std::size_t retired_max = 64;
constexpr std::size_t retired_size_max = 8 * 1024 * 1024;

bool is_code(const Error& failed, std::errc code) {
  return failed.code == code;
}

/// Removes whatever has the temporary name in the end: our text after a failure, and what it took
/// the place of after a success.
class Temporary {
 public:
  explicit Temporary(const std::string& path) : path_{path} {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() { unlink(path_.c_str()); }

 private:
  const std::string& path_;
};

/// Puts back the file that somebody placed there between our look and our swap.
void give_back(const std::string& theirs, const std::string& target, const FileDescriptor& ours) {
  if (Status back = swap_files(theirs, target); !back) {
    // Removed since: then it was theirs that was meant to go.
    if (!is_code(back.error(), std::errc::no_such_file_or_directory))
      static_cast<void>(rename(theirs.c_str(), target.c_str()));
    return;
  }
  // They may have replaced ours meanwhile; then the newer one of theirs counts.
  if (!is_at(theirs, ours)) static_cast<void>(swap_files(theirs, target));
}

}  // namespace

struct AddressList::Snapshot {
  std::string target;
  FileDescriptor file;  ///< Locked; none if there is no such file.
  struct stat info {};
  std::string text;

  bool changed_since() const {
    struct stat now {};
    return file && fstat(file.get(), &now) == 0 &&
           (now.st_size != info.st_size || now.st_mtim.tv_sec != info.st_mtim.tv_sec ||
            now.st_mtim.tv_nsec != info.st_mtim.tv_nsec);
  }
};

Result<std::string> AddressList::read() const {
  const FileDescriptor file{open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
  if (!file && errno == ENOENT) return std::string{};
  if (!file) return errno_error("read " + escape_for_display(path_));
  return read_whole(file, path_);
}

Result<AddressList::Updated> AddressList::update(const Edit& edit) {
  const Clock::time_point until = Clock::now() + lock_limit_;
  const Result<FileDescriptor> held = lock(until);
  if (!held) return held.error();
  const Result<std::string> target = target_of(path_);
  if (!target) return target.error();
  // What cannot be moved over now stays to be rescued, and the update says itself if it fails.
  static_cast<void>(rescue_locked(*target, until));
  Updated updated;
  for (int round = 0; round < tries_max; ++round) {
    const Result<bool> done = try_update(*target, edit, until, round >= patient_tries, updated);
    if (!done) return done.error();
    if (!*done) continue;
    if (updated.changed) static_cast<void>(rescue_locked(*target, until));
    return updated;
  }
  return Error{Errc::busy, "write " + escape_for_display(path_),
               "another program replaces it again and again"};
}

Result<FileDescriptor> AddressList::lock(Clock::time_point until) const {
  return open_locked(path_ + ".lock", O_RDWR | O_CREAT, until);
}

Result<AddressList::Snapshot> AddressList::take_snapshot(const std::string& target,
                                                         Clock::time_point until) const {
  Snapshot snapshot;
  snapshot.target = target;
  // Read-only: a descriptor of ours that may write would hide that nobody else's can.
  Result<FileDescriptor> file = open_locked(target, O_RDONLY, until);
  if (!file && is_code(file.error(), std::errc::no_such_file_or_directory)) return snapshot;
  if (!file) return file.error();
  snapshot.file = std::move(*file);
  if (fstat(snapshot.file.get(), &snapshot.info) != 0)
    return errno_error("read " + escape_for_display(path_));
  Result<std::string> text = read_whole(snapshot.file, path_);
  if (!text) return text.error();
  snapshot.text = std::move(*text);
  return snapshot;
}

/// False: somebody else was quicker, and it has to be done again on what they wrote.
Result<bool> AddressList::try_update(const std::string& target, const Edit& edit,
                                     Clock::time_point until, bool last_try, Updated& updated) {
  Result<Snapshot> old = take_snapshot(target, until);
  if (!old) return old.error();
  updated.before = old->text;
  updated.after = edit(updated.before);
  updated.changed = updated.after != updated.before;
  if (!updated.changed) return true;
  if (updated.after.size() > address_list_size_max)
    return Error{Errc::too_large, "write " + escape_for_display(path_), "more than 1 MiB"};
  const std::string fresh_path = target + ".new";
  const Temporary temporary{fresh_path};
  if (Status written = write_fresh(fresh_path, updated.after, old->file ? &old->info : nullptr);
      !written)
    return Error{written.error().code, "write " + escape_for_display(path_)};
  // Writing took a while. Lines that came meanwhile would be rescued, but a kill could prevent it.
  if (!last_try && old->changed_since()) return false;
  const Result<bool> placed = put_in_place(*old, fresh_path, updated);
  if (!placed || !*placed) return placed;
  if (Status synced = sync_folder_of(target); !synced) return synced.error();
  return true;
}

Result<bool> AddressList::put_in_place(Snapshot& old, const std::string& fresh_path,
                                       const Updated& updated) {
  if (old.file) return replace(old, fresh_path, updated);
  const Status moved = move_to_free_name(fresh_path, old.target);
  if (moved) return true;
  if (is_code(moved.error(), std::errc::file_exists)) return false;
  return moved.error();
}

Result<bool> AddressList::replace(Snapshot& old, const std::string& fresh_path,
                                  const Updated& updated) {
  FileDescriptor fresh{open(fresh_path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fresh) return errno_error("write " + escape_for_display(path_));
  const Status swapped = swap_files(fresh_path, old.target);
  if (swapped) {
    if (is_at(fresh_path, old.file)) {
      retire(std::move(old.file), std::move(old.text));
      return true;
    }
    give_back(fresh_path, old.target, fresh);
    retire(std::move(fresh), updated.after);
    return false;
  }
  if (is_code(swapped.error(), std::errc::no_such_file_or_directory)) return false;
  if (!is_code(swapped.error(), std::errc::invalid_argument)) return swapped.error();
  // No swapping on this file system: look, then replace, with a moment in between.
  if (!is_at(old.target, old.file)) return false;
  if (rename(fresh_path.c_str(), old.target.c_str()) != 0)
    return errno_error("write " + escape_for_display(path_));
  retire(std::move(old.file), std::move(old.text));
  return true;
}

void AddressList::retire(FileDescriptor file, std::string known) {
  // Scripts that wait for a lock on the old file may go on; they will open the new one.
  flock(file.get(), LOCK_UN);
  retired_.push_back({std::move(file), std::move(known), Clock::now()});
  std::size_t size = 0;
  for (const Retired& one : retired_)
    size += one.known.size();
  while (retired_.size() > retired_max || (size > retired_size_max && retired_.size() > 1)) {
    size -= retired_.front().known.size();
    retired_.erase(retired_.begin());
  }
}

}  // namespace netkit::store
