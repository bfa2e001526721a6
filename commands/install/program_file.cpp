// /proc/self/exe, and what execve(2) was given for where there is no /proc.
#include "commands/install/program_file.hpp"

#include <climits>
#include <filesystem>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/file.hpp"
#include "cli/paths.hpp"

namespace netkit::install {
namespace {

constexpr const char* self = "/proc/self/exe";
/// With sanitizers and symbols it has a hundred.
constexpr std::size_t program_size_max = std::size_t{1} << 30;

std::string started_as() {
  const auto* const name = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  return name ? tidy_path(name) : std::string{};
}

}  // namespace

std::string tidy_path(const std::string& path) {
  std::string text = std::filesystem::path{cli::absolute_path(path)}.lexically_normal().string();
  while (text.ends_with('/'))
    text.pop_back();
  return text;
}

Result<std::string> program_path() {
  char path[PATH_MAX];
  const ssize_t size = ::readlink(self, path, sizeof path);
  if (size > 0) return std::string{path, static_cast<std::size_t>(size)};
  std::string path_given = started_as();
  if (::access(path_given.c_str(), X_OK) != 0) return errno_error("find the file that is running");
  return path_given;
}

Result<std::string> program_bytes() {
  if (::access(self, R_OK) == 0) return read_file(self, program_size_max);
  return read_file(started_as(), program_size_max);
}

}  // namespace netkit::install
