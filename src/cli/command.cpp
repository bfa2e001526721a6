// Look-ups in the command table.
#include "cli/command.hpp"

namespace netkit::cli {

const Verb* Command::find(std::string_view verb) const {
  for (const Verb& each : verbs)
    if (each.name == verb) return &each;
  return nullptr;
}

const Command* find(Table table, std::string_view name) {
  for (const Command& each : table)
    if (each.name == name) return &each;
  return nullptr;
}

}  // namespace netkit::cli
