// The list, folder by folder.
#include "commands/install/objects.hpp"

#include <algorithm>
#include <array>

#include "cli/shells.hpp"
#include "commands/install/units.hpp"
#include "commands/table.hpp"

namespace netkit::install {
namespace {

/// Names that scripts expect to mean what they mean everywhere.
constexpr std::array<std::string_view, 4> taken{"echo", "install", "man", "top"};

constexpr char bash_folder[] = "share/bash-completion/completions/";
constexpr char fish_folder[] = "share/fish/vendor_completions.d/";

std::string zsh_folder(std::string_view prefix) {
  // Debian's zsh looks in other folders for what packages bring than for what is local.
  return prefix == "/usr" ? "share/zsh/vendor-completions/" : "share/zsh/site-functions/";
}

void add_completions(std::vector<Object>& all, std::string_view prefix) {
  all.push_back({std::string{bash_folder} + "netkit", std::string{cli::bash_completion()}});
  all.push_back({zsh_folder(prefix) + "_netkit", std::string{cli::zsh_completion()}});
  all.push_back({std::string{fish_folder} + "netkit.fish", std::string{cli::fish_completion()}});
}

/// Shells look for a script by the name of the command, zsh by the first line of each.
void add_completions_of_links(std::vector<Object>& all, cli::Table table, std::string_view prefix) {
  std::string names;
  for (const cli::Command& each : table) {
    const std::string name = link_name(each.name);
    all.push_back({bash_folder + name, "netkit", 0, true});
    all.push_back({fish_folder + name + ".fish", "netkit.fish", 0, true});
    names += " " + name;
  }
  all.push_back(
      {zsh_folder(prefix) + "_netkit_links",
       "#compdef" + names + "\n# What `netkit install --symlinks` made.\n" + "_netkit \"$@\"\n"});
}

void add_units(std::vector<Object>& all, const std::string& program) {
  // Where systemd would refuse the path, a server has no unit.
  if (!fits_unit(program)) return;
  for (const Service& each : services()) {
    const std::string path = "lib/systemd/system/netkit-" + std::string{each.name};
    all.push_back({path + ".service", service_unit(each, program)});
    if (!each.socket.empty()) all.push_back({path + ".socket", socket_unit(each)});
  }
}

}  // namespace

std::string link_name(std::string_view command) {
  const bool hides = std::ranges::find(taken, command) != taken.end();
  return (hides ? "netkit-" : "") + std::string{command};
}

std::vector<Object> objects(cli::Table table, std::string_view prefix, std::string program,
                            bool links) {
  std::vector<Object> all;
  all.push_back({"bin/netkit", std::move(program), 0755});
  if (links)
    for (const cli::Command& each : table)
      all.push_back({"bin/" + link_name(each.name), "netkit", 0, true});
  add_completions(all, prefix);
  if (links) add_completions_of_links(all, table, prefix);
  std::vector<commands::ManualPage> pages = commands::manual_pages();
  for (commands::ManualPage& each : pages)
    all.push_back(
        {std::string{"share/man/man"} + each.section + "/" + each.name + "." + each.section,
         std::move(each.text)});
  add_units(all, std::string{prefix} + "/bin/netkit");
  return all;
}

}  // namespace netkit::install
