// lstat(2) and what is in it, a file without a name that gets one once it is whole, rename(2).
#include "commands/install/lay.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace netkit::install {
namespace {

/// `mode`: the bytes are the same, and the mode is not. `theirs`: no link to a netkit, where one
/// is to be.
enum class Found { nothing, same, mode, other, theirs };

std::string link_target(const std::string& path, std::size_t size) {
  std::string target(size + 1, '\0');
  const ssize_t got = ::readlink(path.c_str(), target.data(), target.size());
  target.resize(static_cast<std::size_t>(got < 0 ? 0 : got));
  return target;
}

Result<Found> look_at(const std::string& path, const Object& object) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return Found::nothing;
    return errno_error("look at " + escape_for_display(path));
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  if (object.link) {
    const std::string target = S_ISLNK(info.st_mode) ? link_target(path, size) : std::string{};
    if (target == object.bytes) return Found::same;
    return ("/" + target).ends_with("/netkit") ? Found::other : Found::theirs;
  }
  if (!S_ISREG(info.st_mode) || size != object.bytes.size()) return Found::other;
  const Result<std::string> bytes = read_file(path, size);
  if (!bytes) return bytes.error();
  if (*bytes != object.bytes) return Found::other;
  return (info.st_mode & 07777) == object.mode ? Found::same : Found::mode;
}

/// A file without a name, whole and on the disk, becomes `path`. False where the file system or the
/// lack of /proc stands in the way.
bool write_unnamed(const std::string& path, const std::string& folder, const Object& object) {
  const FileDescriptor file{::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)};
  if (!file || !write_all(file.get(), object.bytes) || ::fchmod(file.get(), object.mode) != 0 ||
      ::fsync(file.get()) != 0)
    return false;
  return ::linkat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(file.get())).c_str(), AT_FDCWD,
                  path.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

Status replace(const std::string& path, const Object& object) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = path.substr(0, slash + 1);
  // A name of its own, so that what a killed run left goes with the next one.
  const std::string fresh = folder + "." + path.substr(slash + 1) + ".new";
  ::unlink(fresh.c_str());
  const bool made = object.link ? ::symlink(object.bytes.c_str(), fresh.c_str()) == 0
                                : write_unnamed(fresh, folder, object);
  if (!made && !object.link) return write_file_atomically(path, object.bytes, object.mode);
  if (!made || ::rename(fresh.c_str(), path.c_str()) != 0) {
    Error failed = errno_error("write " + escape_for_display(path));
    ::unlink(fresh.c_str());
    return failed;
  }
  const FileDescriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  ::fsync(opened.get());  // The objects are whole without it; a power cut may bring old ones back.
  return ok;
}

}  // namespace

std::string_view to_text(Change change) {
  switch (change) {
    case Change::created: return "created";
    case Change::replaced: return "replaced";
    case Change::unchanged: return "unchanged";
    case Change::removed: return "removed";
    case Change::kept: return "kept";
    case Change::absent: break;
  }
  return "absent";
}

Result<Change> lay(const std::string& path, const Object& object, bool dry) {
  const Result<Found> found = look_at(path, object);
  if (!found) return found.error();
  if (*found == Found::same) return Change::unchanged;
  if (*found == Found::theirs)
    return Error{std::make_error_code(std::errc::file_exists), "link " + escape_for_display(path),
                 "it is another program"};
  if (!dry)
    if (Status written = replace(path, object); !written) return written.error();
  return *found == Found::nothing ? Change::created : Change::replaced;
}

Result<Change> take_away(const std::string& path, const Object& object, bool dry) {
  const Result<Found> found = look_at(path, object);
  if (!found) return found.error();
  if (*found == Found::nothing || *found == Found::theirs) return Change::absent;
  if (*found == Found::other) return Change::kept;
  if (!dry && ::unlink(path.c_str()) != 0) return errno_error("remove " + escape_for_display(path));
  return Change::removed;
}

}  // namespace netkit::install
