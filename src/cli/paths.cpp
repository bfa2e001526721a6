// Folders from the environment.
#include "cli/paths.hpp"

#include <filesystem>
#include <unistd.h>

namespace netkit::cli {
namespace {

std::string variable(const config::Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

/// Where the state of all commands is; relative XDG paths are ignored, as specified.
std::string state_home(const config::Environment& environment, bool root) {
  const std::string xdg = variable(environment, "XDG_STATE_HOME");
  if (xdg.starts_with('/')) return xdg + "/netkit";
  if (root) return "/var/lib/netkit";
  const std::string home = variable(environment, "HOME");
  return home.starts_with('/') ? home + "/.local/state/netkit" : "";
}

}  // namespace

std::string state_directory(const config::Environment& environment, std::string_view command,
                            bool root) {
  const std::string given = variable(environment, "STATE_DIRECTORY");
  if (!given.empty()) return given.substr(0, given.find(':'));
  const std::string home = state_home(environment, root);
  return home.empty() ? "" : home + "/" + std::string{command};
}

std::string known_hosts_path(const config::Environment& environment) {
  const std::string home = state_home(environment, geteuid() == 0);
  return home.empty() ? "" : home + "/known_hosts";
}

std::string logins_path(const config::Environment& environment) {
  const std::string home = state_home(environment, geteuid() == 0);
  return home.empty() ? "" : home + "/logins";
}

std::string absolute_path(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path whole = std::filesystem::absolute(path, failed);
  if (failed) return path;
  std::string text = whole.string();
  while (text.size() > 2 && text.ends_with("/."))
    text.resize(text.size() - 2);
  return text;
}

}  // namespace netkit::cli
