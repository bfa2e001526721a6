// What Tab offers. One hidden call, `netkit __complete WORD...`, serves all shells: the words after
// `netkit` up to the one being typed. Reads small local files; where a command says so it waits for
// who answers nearby, for 300 ms at most.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/command.hpp"

namespace netkit::cli {

struct Candidate {
  std::string text;
  std::string description;
};

/// Candidates for the last of `words`, those that do not begin with it left out. A single candidate
/// ":files" or ":directories" asks the shell to complete names of files.
std::vector<Candidate> candidates(Table table, const std::vector<std::string>& words,
                                  const config::Environment& environment);

/// Prints them one a line, "TEXT<TAB>DESCRIPTION". Never an error: a shell shows none at Tab.
Status print_completions(Table table, const std::vector<std::string>& words,
                         const config::Environment& environment, Output& out);

/// Names that endpoints may begin with: hosts in known_hosts and in /etc/hosts.
std::vector<std::string> known_host_names(const config::Environment& environment);

}  // namespace netkit::cli
