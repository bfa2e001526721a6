// From argv to a running command: gathers its options from all sources, sets up log and output,
// runs it. Prints no error and picks no exit code: main() does.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/globals.hpp"
#include "cli/locate.hpp"
#include "config/resolve.hpp"

namespace netkit::cli {

class Program {
 public:
  /// `arguments` is argv, the program's own name first.
  Program(Table table, std::vector<std::string> arguments, config::Environment environment);

  Status run();

  /// "netkit", or "netkit echo" once the command is known: what messages begin with.
  std::string name() const;

 private:
  Status run_without_command(Output& out);
  Status run_verb();
  Status print_all_verbs();
  Result<config::Settings> resolve(const Options& own, const config::Options& given) const;
  Status gather(const Options& options, const config::Options& given);
  Status start(Action& action, const std::function<Status()>& reload);

  Table table_;
  config::Environment environment_;
  std::vector<std::string> words_;
  Located located_;
  Globals globals_;
};

}  // namespace netkit::cli
