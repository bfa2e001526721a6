// Declarations of the global options.
#include "cli/globals.hpp"

namespace netkit::cli {

log::Level Globals::level() const {
  if (quiet) return log::Level::error;
  if (verbose > 0) return verbose == 1 ? log::Level::debug : log::Level::trace;
  return log_level;
}

void declare_globals(Options& options, Globals& globals) {
  using log::Level;
  options.heading("Global options");
  options.flag("help", globals.help, "Show this help and exit")
      .with_letter('h')
      .only_on_command_line();
  options.value("config", globals.config_path, "FILE", "Read this configuration file as well")
      .completes(Complete::file)
      .only_on_command_line();
  options
      .flag("print-config", globals.print_config,
            "Print the effective configuration with its origins and exit")
      .only_on_command_line();
  options.flag("json", globals.json, "Print one JSON object a line to stdout");
  options.choice(
      "color", globals.colour,
      {{"auto", Colour::automatic}, {"always", Colour::always}, {"never", Colour::never}},
      "Colour on stderr; auto: on a terminal unless NO_COLOR is set");
  options.counted_flag("verbose", 'v', globals.verbose, "Log more: -v debug, -vv trace");
  options.flag("quiet", globals.quiet, "Log errors only").with_letter('q');
  options.choice("log-level", globals.log_level,
                 {{"trace", Level::trace},
                  {"debug", Level::debug},
                  {"info", Level::info},
                  {"warn", Level::warn},
                  {"error", Level::error}},
                 "Least level that is logged");
  options.choice("log-format", globals.log_format,
                 {{"text", LogFormat::text}, {"json", LogFormat::json}}, "Form of the log lines");
  options
      .value("log-file", globals.log_file, "PATH",
             "Log to this file instead of stderr; SIGHUP reopens it")
      .completes(Complete::file);
  options.value("log-size", globals.log_size_max, "SIZE",
                "Size at which the log file is renamed to PATH.1; 0: never");
  options.choice("sctp", globals.sctp,
                 {{"auto", net::SctpChoice::automatic},
                  {"kernel", net::SctpChoice::kernel},
                  {"user", net::SctpChoice::user}},
                 "Whose sctp://: the kernel's over IP, ours over UDP, or what there is");
}

}  // namespace netkit::cli
