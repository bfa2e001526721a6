// Finds the command and the verb among the words of a command line. Global options may stand in
// front of either, so their declarations decide which words are values.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/command.hpp"

namespace netkit::cli {

struct Located {
  const Command* command = nullptr;  ///< None: no word was a command.
  const Verb* verb = nullptr;        ///< None: the command has verbs and no word was one.
  std::vector<std::string> rest;     ///< All other words, in their order.
};

/// Errc::unknown_command or Errc::usage ("did you mean") for a word that is neither.
Result<Located> locate(Table table, const std::vector<std::string>& words);

/// "netkit-relay" and "relay" as names of the program stand for the command relay; "" for none.
std::string command_in_name(Table table, std::string_view program_path);

}  // namespace netkit::cli
