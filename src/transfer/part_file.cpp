// NAME.part by openat(2) and renameat2(2).
#include "transfer/part_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transfer/limits.hpp"

namespace netkit::transfer {
namespace {

/// What is replaced may itself be what another transfer is writing: NAME.part of NAME.part.part.
Status check_free(const Place& place) {
  const FileDescriptor there{::openat(place.folder.get(), place.name.c_str(),
                                      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  if (!there) return ok;  // It is gone, or not for us to read: then nobody of ours writes it.
  if (flock(there.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return ok;
  return Error{Errc::busy, "replace the file", "another transfer is writing it"};
}

/// Whether NAME may come to be: nothing of that name, or a file that may be replaced.
Status check_target(const Place& place, Replace replace) {
  struct stat there;
  if (fstatat(place.folder.get(), place.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? Status{ok} : errno_error("look at the file");
  if (!S_ISREG(there.st_mode))
    return Error{Errc::refused, "replace what is no file", "remove it, or choose another name"};
  if (replace == Replace::never)
    return Error{std::error_code{EEXIST, std::generic_category()}, "store the file",
                 "to replace it: --overwrite"};
  return ok;
}

}  // namespace

Result<PartFile> PartFile::open(Place place, Replace replace, bool resume) {
  std::string part = place.name + std::string{part_suffix};
  return open_as(std::move(place), std::move(part), replace, resume);
}

Result<PartFile> PartFile::open_lone(Place place, Replace replace) {
  if (place.name.size() + part_suffix.size() > name_size_max)
    return Error{std::error_code{ENAMETOOLONG, std::generic_category()}, "store the file"};
  // Two long names may have one part between them: then one of them is told that it is busy.
  std::string part = place.name.substr(0, name_size_max - lone_part_suffix.size());
  part += lone_part_suffix;
  return open_as(std::move(place), std::move(part), replace, false);
}

Result<PartFile> PartFile::open_as(Place place, std::string part, Replace replace, bool resume) {
  if (part.size() > name_size_max)
    return Error{std::error_code{ENAMETOOLONG, std::generic_category()}, "store the file"};
  if (Status fits = check_target(place, replace); !fits) return fits.error();
  // Another may take it away between the two: then there is a new one to be made.
  for (int tries = 0; tries < 8; ++tries) {
    FileDescriptor file{::openat(place.folder.get(), part.c_str(),
                                 O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600)};
    if (!file && errno == ELOOP) return Error{Errc::refused, "write to a link"};
    if (!file) return errno_error("create the file");
    struct stat opened;
    if (fstat(file.get(), &opened) != 0) return errno_error("look at the file");
    if (!S_ISREG(opened.st_mode)) return Error{Errc::refused, "write to what is no file"};
    if (opened.st_nlink > 1)
      return Error{Errc::refused, "write to a file of several names", "NAME.part is one of them"};
    if (flock(file.get(), LOCK_EX | LOCK_NB) != 0)
      return Error{Errc::busy, "store the file", "another transfer is writing it"};
    struct stat named;
    if (fstatat(place.folder.get(), part.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0 ||
        named.st_ino != opened.st_ino || named.st_dev != opened.st_dev)
      continue;
    const std::uint64_t size = resume ? static_cast<std::uint64_t>(opened.st_size) : 0;
    if (size == 0 && opened.st_size > 0 && ftruncate(file.get(), 0) != 0)
      return errno_error("empty the file");
    PartFile made{std::move(place), std::move(part), std::move(file), replace, size};
    made.device_ = opened.st_dev;
    made.inode_ = opened.st_ino;
    return made;
  }
  return Error{Errc::busy, "store the file", "others create and remove it all the time"};
}

Status PartFile::write(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("write the file");
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return ok;
}

Status PartFile::prepare(const Finish& wish) {
  struct stat now;
  if (fstat(file_.get(), &now) != 0) return errno_error("look at the file");
  // What lies behind the end is of an older try.
  if (static_cast<std::uint64_t>(now.st_size) != wish.size &&
      ftruncate(file_.get(), static_cast<off_t>(wish.size)) != 0)
    return errno_error("cut the file");
  // Not all file systems have modes; a file without its own is better than none.
  static_cast<void>(fchmod(file_.get(), wish.mode.value_or(0644) & 0777));
  if (wish.mtime_ns) {
    constexpr std::int64_t second = 1'000'000'000;
    std::int64_t seconds = *wish.mtime_ns / second;
    std::int64_t rest = *wish.mtime_ns % second;
    if (rest < 0) {
      rest += second;
      --seconds;
    }
    const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                               {.tv_sec = seconds, .tv_nsec = rest}};
    static_cast<void>(futimens(file_.get(), times));
  }
  return ok;
}

bool PartFile::is_in_place() const {
  struct stat named;
  return fstatat(place_.folder.get(), part_.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         named.st_ino == inode_ && named.st_dev == device_;
}

Status PartFile::put_in_place() {
  const int folder = place_.folder.get();
  // What has the name by now is not what was checked.
  if (!is_in_place())
    return Error{Errc::busy, "put the file in its place", "another took that of NAME.part"};
  // Mostly there is nothing to be replaced, and nothing to be looked at before.
  if (renameat2(folder, part_.c_str(), folder, place_.name.c_str(), RENAME_NOREPLACE) != 0) {
    // Some file systems cannot; a link cannot replace either.
    const bool cannot = errno == EINVAL || errno == ENOSYS;
    if (replace_ == Replace::always) {
      if (Status fits = check_target(place_, replace_); !fits) return fits;
      if (Status free = check_free(place_); !free) return free;
      if (renameat(folder, part_.c_str(), folder, place_.name.c_str()) != 0)
        return errno_error("put the file in its place");
    } else {
      if (!cannot || linkat(folder, part_.c_str(), folder, place_.name.c_str(), 0) != 0)
        return errno_error("put the file in its place");
      unlinkat(folder, part_.c_str(), 0);
    }
  }
  flock(file_.get(), LOCK_UN);  // It is nobody's part any more.
  return ok;
}

Status PartFile::finish(const Finish& wish) {
  if (Status prepared = prepare(wish); !prepared) return prepared;
  if (wish.sync && fsync(file_.get()) != 0) return errno_error("sync the file");
  if (Status placed = put_in_place(); !placed) return placed;
  if (!wish.sync) return ok;
  // The names of folders that were made for it are in others, which are not known here.
  const int folder = place_.folder.get();
  const int synced = place_.made ? syncfs(folder) : fsync(folder);
  if (synced != 0 && errno != EINVAL) return errno_error("sync the folder");
  return ok;
}

void PartFile::discard() {
  if (file_ && is_in_place()) unlinkat(place_.folder.get(), part_.c_str(), 0);
  file_.reset();
}

}  // namespace netkit::transfer
