// What a command's options are in the end: defaults < system file < user file < given file <
// environment < options. Pure: all of them are arguments; only read_files opens anything. For cli.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/file.hpp"
#include "config/schema.hpp"

namespace netkit::config {

/// Variables by name. Whatever fills it passes everything; only NETKIT_<COMMAND>_* is looked at.
using Environment = std::map<std::string, std::string, std::less<>>;

/// Options given on the command line, by name without dashes; a flag's value is "true" or "false".
using Options = std::map<std::string, std::vector<std::string>, std::less<>>;

/// The effective value of one option. The strongest source replaces the weaker ones wholly: lists
/// are not joined.
struct Setting {
  Key key;
  std::vector<std::string> values;  ///< Empty: not set. A flag has "true" or "false".
  Origin origin;

  bool is_set() const { return !values.empty(); }
};

/// In the order of the schema.
using Settings = std::vector<Setting>;

const Setting* find(const Settings& settings, std::string_view name);

/// Where each kind of source is read; `files` in any order, a stronger kind beats a weaker one and
/// a later file an earlier one of the same kind.
struct Sources {
  std::vector<File> files;
  Environment environment;
  Options options;
};

/// The settings of `command` `verb`, which the schema must have. Checks each file (see check) and
/// each variable NETKIT_<COMMAND>_*: Errc::usage for one that is no option of any verb of the
/// command, naming it and the nearest. A repeatable option's variable is split at white space; an
/// empty variable counts as not set. In one file [command.verb] beats [command].
Result<Settings> resolve(const Schema& schema, std::string_view command, std::string_view verb,
                         const Sources& sources);

/// "NETKIT_SHUTDOWN_SERVER_MAX_CONNECTIONS" for shutdown-server and max-connections.
std::string variable_name(std::string_view command, std::string_view key);

/// The process's environment (pass `environ`). Entries without '=' are skipped.
Environment read_environment(const char* const* variables);

/// $XDG_CONFIG_HOME/netkit/netkit.toml, else $HOME/.config/netkit/netkit.toml; empty if neither is
/// set to an absolute path (XDG Base Directory Specification: a relative one is ignored).
std::string user_file_path(const Environment& environment);

inline constexpr std::string_view system_file_path = "/etc/netkit/netkit.toml";

/// Reads the system file, the user file and, unless it is empty, `given_path` (--config).
Result<std::vector<File>> read_files(const Environment& environment, const std::string& given_path,
                                     std::string system_path = std::string{system_file_path});

/// The text of --print-config: TOML that reproduces the settings, a comment after each with its
/// origin. Options without a value stand as comments; a secret's value never appears.
std::string print(std::string_view command, std::string_view verb, const Settings& settings);

}  // namespace netkit::config
