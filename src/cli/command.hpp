// The types of the command table: commands, their verbs, and what a running one may touch. The
// table itself is in commands/; help, completion and parsing all read it.
#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "config/resolve.hpp"
#include "log/logger.hpp"

namespace netkit::log {
class FileSink;
}

namespace netkit::cli {

class Announcer;
struct Announced;
struct Command;
struct Globals;
using Table = std::span<const Command>;

/// What a running command may touch. Passed in, never global, so that a test can hand over its own.
struct Context {
  const Command& command;
  Table table;
  log::Logger& log;
  Output& out;         ///< stdout: data and nothing else.
  Terminal& terminal;  ///< Prompts, progress, colours: stderr and stdin.
  const config::Environment& environment;
  log::FileSink* log_file;  ///< To be reopened on SIGHUP; none if the log is stderr.
  const Globals& globals;
  /// Reads environment and files again and assigns all options anew (SIGHUP). An error leaves the
  /// options as they were.
  std::function<Status()> reload;
};

/// One verb in action. Declares its options into its members, opens nothing until run().
class Action {
 public:
  virtual ~Action() = default;
  virtual void declare(Options& options) = 0;
  virtual Status run(Context& context) = 0;
};

struct Example {
  std::string_view line;  ///< As typed, "netkit echo ping HOST".
  std::string_view what;
};

/// A line under "Exit status" that a verb adds to the common ones.
struct ExitNote {
  int code;
  std::string_view when;
};

struct Verb {
  /// Empty for the only verb of a command without verbs, and for the one that runs when the next
  /// word is none of the others.
  std::string_view name;
  std::string_view summary;
  std::string_view description;
  std::span<const Example> examples;
  std::span<const ExitNote> exits;
  std::unique_ptr<Action> (*make)();
};

struct Command {
  std::string_view name;
  std::string_view summary;
  std::span<const Verb> verbs;
  /// Endpoints that this command knows of at Tab, for those of all commands: within 300 ms, silent.
  std::vector<std::string> (*endpoints)(const Typed& typed) = nullptr;
  /// By which servers of all commands announce themselves (cli/announcer.hpp).
  Result<std::unique_ptr<Announcer>> (*announce)(const Context& context, asio::io_context& io,
                                                 const Announced& server) = nullptr;
  /// What its manual page tells besides, as cli/manual.hpp has it: a light markup, packed or not.
  std::string_view manual = {};

  const Verb* find(std::string_view verb) const;
  /// True for a command whose arguments follow its name directly.
  bool has_no_verbs() const { return verbs.size() == 1 && verbs.front().name.empty(); }
};

const Command* find(Table table, std::string_view name);

/// `std::make_unique<T>()` in the form a table row wants.
template <typename T>
std::unique_ptr<Action> make_action() {
  return std::make_unique<T>();
}

}  // namespace netkit::cli
