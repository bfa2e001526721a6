// Two resolvers that refuse the same, and the functions above them, which do not know which one
// they use. Names are only ever opened in a folder that is held, never by a path from outside.
#include "transfer/root.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.hpp"
#include "transfer/path.hpp"

namespace netkit::transfer {
namespace {

/// The kernel says EAGAIN when a rename anywhere got in its way.
constexpr int tries_max = 32;
/// Less the umask.
constexpr mode_t folder_mode = 0777;

constexpr int step_flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
/// O_NONBLOCK: what was a file when it was looked at may have become a FIFO.
constexpr int file_flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC;

/// File systems keep years that 64 bits of nanoseconds do not reach, 1677 to 2262.
std::int64_t nanoseconds(const timespec& time) {
  constexpr std::int64_t in_second = 1'000'000'000;
  constexpr std::int64_t last = INT64_MAX / in_second - 1;
  if (time.tv_sec > last) return INT64_MAX;
  if (time.tv_sec < -last) return INT64_MIN;
  return time.tv_sec * in_second + time.tv_nsec;
}

/// The finaliser of splitmix64: each bit of the result depends on each of `value`.
std::uint64_t mix(std::uint64_t value) {
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

Error link_refused(const char* attempt) {
  return {Errc::refused, attempt, "links are not followed"};
}

/// What errno says of a path beneath the root. ELOOP: a link; EXDEV: it would lead out; ENXIO: a
/// socket, or a device without its driver.
Error path_error(const char* attempt) {
  if (errno == ELOOP || errno == EXDEV) return link_refused(attempt);
  if (errno == ENXIO) return {Errc::refused, attempt, "it is neither a file nor a folder"};
  return errno_error(attempt);
}

/// Opens one component. With O_DIRECTORY the kernel calls a link no folder; this tells them apart.
FileDescriptor open_step(int folder, const std::string& name, int flags) {
  FileDescriptor opened{::openat(folder, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC)};
  if (opened || errno != ENOTDIR) return opened;
  struct stat found {};
  const bool is_link =
      ::fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode);
  errno = is_link ? ELOOP : ENOTDIR;
  return opened;
}

FileDescriptor open_by_steps(int root, std::string_view path, int flags) {
  FileDescriptor held;
  int at = root;
  const auto names = components(path);
  for (std::size_t i = 0; i < names.size(); ++i) {
    held = open_step(at, std::string{names[i]}, i + 1 < names.size() ? step_flags : flags);
    if (!held) return held;
    at = held.get();
  }
  if (names.empty()) held.reset(::openat(root, ".", flags | O_CLOEXEC));
  return held;
}

FileDescriptor open_beneath(int root, std::string_view path, int flags) {
  const std::string text{path.empty() ? "." : path};
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (int tries = 1;; ++tries) {
    const long opened = ::syscall(SYS_openat2, root, text.c_str(), &how, sizeof how);
    if (opened >= 0 || errno != EAGAIN || tries == tries_max)
      return FileDescriptor{static_cast<int>(opened)};
  }
}

bool has_openat2(int root) {
  return static_cast<bool>(open_beneath(root, "", step_flags));
}

/// The folder `name` in `folder`, made if it is missing.
FileDescriptor make_step(int folder, const std::string& name) {
  FileDescriptor opened = open_step(folder, name, step_flags);
  if (opened || errno != ENOENT) return opened;
  // EEXIST: another made it meanwhile, and opening tells what it is.
  if (::mkdirat(folder, name.c_str(), folder_mode) != 0 && errno != EEXIST) return opened;
  return open_step(folder, name, step_flags);
}

}  // namespace

Facts facts_of(const struct stat& status) {
  Facts facts;
  if (S_ISREG(status.st_mode))
    facts.kind = Kind::file;
  else if (S_ISDIR(status.st_mode))
    facts.kind = Kind::folder;
  else if (S_ISLNK(status.st_mode))
    facts.kind = Kind::link;
  facts.mode = status.st_mode & 07777;
  if (facts.kind == Kind::file) facts.size = static_cast<std::uint64_t>(status.st_size);
  facts.mtime_ns = nanoseconds(status.st_mtim);
  std::uint64_t version = mix(status.st_ino + 1);
  for (const auto part : {status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                          status.st_ctim.tv_sec, status.st_ctim.tv_nsec})
    version = mix(version + static_cast<std::uint64_t>(part));
  facts.version = version == 0 ? 1 : version;
  return facts;
}

Result<Root> Root::open(const std::string& folder, Way way) {
  const std::string attempt = "open the folder " + escape_for_display(folder);
  FileDescriptor root{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!root) return errno_error(attempt);
  if (way == Way::openat2 && !has_openat2(root.get())) return errno_error(attempt);
  // An old kernel says ENOSYS, a container's filter EPERM; whatever it is, the walk works.
  if (way == Way::automatic) way = has_openat2(root.get()) ? Way::openat2 : Way::walk;
  return Root{std::move(root), way};
}

Result<FileDescriptor> Root::resolve(std::string_view path, int flags, const char* attempt) const {
  if (const Status checked = check_path(path); !checked) return checked.error();
  FileDescriptor opened = way_ == Way::openat2 ? open_beneath(root_.get(), path, flags)
                                               : open_by_steps(root_.get(), path, flags);
  if (!opened) return path_error(attempt);
  return opened;
}

Result<OpenFile> Root::open_file(std::string_view path) const {
  if (path.empty()) return Error{std::make_error_code(std::errc::is_a_directory), "open the file"};
  if (const Status checked = check_path(path); !checked) return checked.error();
  const Split split = split_path(path);
  if (split.folder.empty()) return open_file_in(root_.get(), std::string{split.name});
  const auto folder = resolve(split.folder, step_flags, "open the file");
  if (!folder) return folder.error();
  return open_file_in(folder->get(), std::string{split.name});
}

Result<FileDescriptor> Root::open_folder(std::string_view path) const {
  return resolve(path, O_RDONLY | O_DIRECTORY, "open the folder");
}

Result<Facts> Root::look(std::string_view path) const {
  constexpr const char* attempt = "look at the file";
  const auto thing = resolve(path, O_PATH | O_NOFOLLOW, attempt);
  if (!thing) return thing.error();
  struct stat found {};
  if (::fstat(thing->get(), &found) != 0) return errno_error(attempt);
  return facts_of(found);
}

Result<Place> Root::place(std::string_view path) const {
  if (path.empty()) return Error{Errc::malformed, "use that path", "it is the folder itself"};
  if (const Status checked = check_path(path); !checked) return checked.error();
  const Split split = split_path(path);
  auto folder = open_folder(split.folder);
  if (!folder) return folder.error();
  return Place{std::move(*folder), std::string{split.name}};
}

Result<Place> Root::make_place(std::string_view path) const {
  if (path.empty()) return Error{Errc::malformed, "use that path", "it is the folder itself"};
  if (const Status checked = check_path(path); !checked) return checked.error();
  const Split split = split_path(path);
  // Mostly it is there.
  auto folder = open_folder(split.folder);
  const bool missing = !folder && folder.error().code == std::errc::no_such_file_or_directory;
  if (missing) folder = make_folder(split.folder);
  if (!folder) return folder.error();
  return Place{std::move(*folder), std::string{split.name}, missing};
}

Result<FileDescriptor> Root::make_folder(std::string_view path) const {
  auto opened = open_folder(path);
  if (opened || opened.error().code != std::errc::no_such_file_or_directory) return opened;
  constexpr const char* attempt = "make the folder";
  FileDescriptor held;
  int at = root_.get();
  for (const std::string_view name : components(path)) {
    FileDescriptor step = make_step(at, std::string{name});
    if (!step) return path_error(attempt);
    held = std::move(step);
    at = held.get();
  }
  FileDescriptor folder{::openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder) return errno_error(attempt);
  return folder;
}

Result<OpenFile> open_file_in(int folder, const std::string& name) {
  constexpr const char* attempt = "open the file";
  if (const Status checked = check_name(name); !checked) return checked.error();
  // Opening a device can have effects, so it is looked at first; and once more when it is open, as
  // it may have been replaced meanwhile.
  struct stat found {};
  FileDescriptor file;
  if (::fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return path_error(attempt);
  if (S_ISREG(found.st_mode)) {
    file.reset(::openat(folder, name.c_str(), file_flags));
    if (!file || ::fstat(file.get(), &found) != 0) return path_error(attempt);
  }
  if (S_ISLNK(found.st_mode)) return link_refused(attempt);
  if (S_ISDIR(found.st_mode))
    return Error{std::make_error_code(std::errc::is_a_directory), attempt};
  if (!S_ISREG(found.st_mode))
    return Error{Errc::refused, attempt, "it is neither a file nor a folder"};
  // Reads of it may wait for the disk: io_uring would not.
  if (::fcntl(file.get(), F_SETFL, O_RDONLY) != 0) return errno_error(attempt);
  return OpenFile{std::move(file), facts_of(found)};
}

}  // namespace netkit::transfer
