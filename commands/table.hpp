// The one list of all commands. main() runs them, help and completion read them.
#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"

namespace netkit::commands {

cli::Table table();

struct ManualPage {
  std::string name;  ///< "netkit-relay"
  char section;      ///< '1'
  std::string text;  ///< roff
};
/// Those of all commands and of netkit as a whole, for who lays them down.
std::vector<ManualPage> manual_pages();

}  // namespace netkit::commands
