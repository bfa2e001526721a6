// What `netkit install` lays down below its prefix, as a list: where, what, with which mode. Pure
// but for the bytes of the program, which the caller hands over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.hpp"

namespace netkit::install {

struct Object {
  std::string path;   ///< Below the prefix: "bin/netkit".
  std::string bytes;  ///< Of a link: where it leads.
  unsigned mode = 0644;
  bool link = false;
};

/// All of them, the program first. `prefix` decides where shells look for completions, and stands
/// in the units. `links`: a link a command as well.
std::vector<Object> objects(cli::Table table, std::string_view prefix, std::string program,
                            bool links);

/// What the link of a command is called: its name, or netkit-NAME where that would hide a program
/// that every system has.
std::string link_name(std::string_view command);

}  // namespace netkit::install
