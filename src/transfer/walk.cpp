// A stack of open folders. Each is opened in the one above it, which is still held, so that renames
// under way lead nowhere else.
#include "transfer/walk.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>

#include "transfer/limits.hpp"
#include "transfer/part_file.hpp"
#include "transfer/path.hpp"

namespace netkit::transfer {
namespace {

Error told(const char* attempt, const std::string& path) {
  return errno_error(attempt, path);
}

bool is_dots(std::string_view name) {
  return name == "." || name == "..";
}

}  // namespace

struct Walk::Level {
  Folder folder;
  std::string path;
  std::size_t depth;     ///< Components of `path`.
  std::string to_enter;  ///< A folder in it that was told, and comes next.
};

Walk::Walk(WalkWish wish) : wish_{wish} {}
Walk::Walk(Walk&&) noexcept = default;
Walk& Walk::operator=(Walk&&) noexcept = default;
Walk::~Walk() = default;

Result<Walk> Walk::begin(const Root& root, std::string_view path, WalkWish wish) {
  Walk walk{wish};
  auto opened = root.open_folder(path);
  if (!opened) return opened.error();
  if (const Status entered = walk.enter(std::move(*opened), std::string{path}); !entered)
    return entered.error();
  return walk;
}

Status Walk::enter(FileDescriptor opened, std::string path) {
  Folder folder{::fdopendir(opened.get())};
  if (!folder) return told("read the folder", path);
  static_cast<void>(opened.release());
  const std::size_t depth = components(path).size();
  levels_.push_back({std::move(folder), std::move(path), depth, {}});
  return ok;
}

Status Walk::enter_next() {
  Level& above = levels_.back();
  const std::string name = std::exchange(above.to_enter, {});
  std::string path = join_path(above.path, name);
  if (above.depth + 1 >= depth_max || path.size() >= path_size_max)
    return Error{Errc::too_large, "go into the folder", std::move(path)};
  FileDescriptor opened{::openat(::dirfd(above.folder.get()), name.c_str(),
                                 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (opened) return enter(std::move(opened), std::move(path));
  // It has gone, or something else has come in its place.
  if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return ok;
  return told("open the folder", path);
}

bool Walk::wants(std::string_view name, const Facts& facts) const {
  if (!wish_.hidden && name.starts_with('.')) return false;
  return wish_.part_files || facts.kind != Kind::file || !name.ends_with(part_suffix);
}

Result<std::optional<Found>> Walk::next() {
  if (!levels_.empty() && !levels_.back().to_enter.empty())
    if (const Status entered = enter_next(); !entered) return entered.error();
  while (!levels_.empty()) {
    Level& level = levels_.back();
    errno = 0;
    const dirent* entry = ::readdir(level.folder.get());
    if (entry == nullptr) {
      // ENOENT: the folder has been removed meanwhile, and all that was in it.
      const bool failed = errno != 0 && errno != ENOENT;
      const Error error = told("read the folder", level.path);
      levels_.pop_back();
      if (failed) return error;
      continue;
    }
    auto found = look_at(level, entry->d_name);
    if (!found || *found) return found;
  }
  return std::optional<Found>{};
}

Result<std::optional<Found>> Walk::look_at(Level& level, std::string name) {
  if (is_dots(name)) return std::optional<Found>{};
  struct stat status {};
  const int folder = ::dirfd(level.folder.get());
  if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::optional<Found>{};
    if (errno != EACCES) return told("look at the file", join_path(level.path, name));
    // We may look at nothing in it: that is told once, not for each name.
    Error error = told("look into the folder", level.path);
    levels_.pop_back();
    return error;
  }
  Found found{join_path(level.path, name), facts_of(status), folder, std::move(name)};
  if (!wants(found.name, found.facts)) return std::optional<Found>{};
  if (const Status checked = check_path(found.path); !checked)
    return Error{Errc::too_large, "use that path", std::move(found.path)};
  if (wish_.recursive && found.facts.kind == Kind::folder) level.to_enter = found.name;
  return std::optional{std::move(found)};
}

}  // namespace netkit::transfer
