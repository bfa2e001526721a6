// Names, and mkdir(2).
#include "commands/install/folders.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace netkit::install {
namespace {

constexpr std::size_t list_size_max = 64 * 1024;

void add_parents(Folders& folders, std::string_view path) {
  for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1))
    folders.emplace(path.substr(0, slash));
}

}  // namespace

Folders folders_of(const std::vector<Object>& objects) {
  Folders folders;
  for (const Object& each : objects)
    add_parents(folders, each.path);
  add_parents(folders, folder_list);
  return folders;
}

Folders listed_folders(const std::string& base, const Folders& folders) {
  Folders listed;
  const Result<std::string> text = read_file(base + "/" + std::string{folder_list}, list_size_max);
  if (!text) return listed;
  // Only names that are ours anyway: whatever else stands there is passed over.
  for (const std::string_view line : split(*text, '\n'))
    if (folders.contains(line)) listed.emplace(line);
  return listed;
}

Object list_of(const Folders& made) {
  Object list{.path = std::string{folder_list}, .bytes = {}};
  for (const std::string& each : made)
    list.bytes += each + "\n";
  return list;
}

Result<bool> make_folder(const std::string& path, bool dry) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return false;
  if (dry) return true;
  // Whatever the umask: others are to read what is in it.
  if (::mkdir(path.c_str(), 0755) != 0 || ::chmod(path.c_str(), 0755) != 0)
    return errno_error("create the folder " + escape_for_display(path));
  return true;
}

void remove_empty(const std::string& base, const Folders& made) {
  for (auto each = made.rbegin(); each != made.rend(); ++each)
    ::rmdir((base + "/" + *each).c_str());  // One with something in it stays.
}

}  // namespace netkit::install
