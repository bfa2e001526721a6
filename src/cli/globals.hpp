// The options that every command has: how to log, how to print, where the configuration is. They
// may stand before or after the command.
#pragma once

#include <optional>
#include <string>

#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "log/level.hpp"
#include "net/sctp_choice.hpp"

namespace netkit::cli {

enum class LogFormat { text, json };

struct Globals {
  bool help = false;
  std::optional<std::string> config_path;
  bool print_config = false;
  bool json = false;
  Colour colour = Colour::automatic;
  int verbose = 0;
  bool quiet = false;
  log::Level log_level = log::Level::info;
  LogFormat log_format = LogFormat::text;
  std::optional<std::string> log_file;
  Size log_size_max{16 * 1024 * 1024};
  net::SctpChoice sctp = net::SctpChoice::automatic;

  /// --log-level, moved by -v (debug), -vv (trace) and -q (error).
  log::Level level() const;
};

void declare_globals(Options& options, Globals& globals);

}  // namespace netkit::cli
