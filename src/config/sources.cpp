// Finds and reads the configuration files and the environment.
#include <cstddef>
#include <utility>

#include "config/resolve.hpp"

namespace netkit::config {

Environment read_environment(const char* const* variables) {
  Environment environment;
  for (; variables && *variables; ++variables) {
    const std::string_view variable{*variables};
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    // Of two equal names the first counts, as getenv(3) has it.
    environment.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return environment;
}

std::string user_file_path(const Environment& environment) {
  const auto folder = [&](std::string_view name) -> std::string {
    const auto found = environment.find(name);
    return found != environment.end() && found->second.starts_with('/') ? found->second : "";
  };
  std::string base = folder("XDG_CONFIG_HOME");
  if (base.empty()) {
    base = folder("HOME");
    if (base.empty()) return {};
    base += "/.config";
  }
  return base + "/netkit/netkit.toml";
}

Result<std::vector<File>> read_files(const Environment& environment, const std::string& given_path,
                                     std::string system_path) {
  const std::pair<std::string, Origin::Kind> wanted[] = {
      {std::move(system_path), Origin::system_file},
      {user_file_path(environment), Origin::user_file},
      {given_path, Origin::given_file}};
  std::vector<File> files;
  for (const auto& [path, kind] : wanted) {
    if (path.empty()) continue;
    Result<File> file = read_file(path, kind);
    if (!file) return file.error();
    files.push_back(*std::move(file));
  }
  return files;
}

}  // namespace netkit::config
