// Which keys a configuration may have: the options of every command and verb, as the command table
// declares them. Used to check files and environment and to resolve one command's settings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/file.hpp"

namespace netkit::config {

/// One option, named without dashes in front ("max-connections").
struct Key {
  std::string_view name;
  bool repeats = false;  ///< May have several values: an array, words in the environment.
  bool flag = false;     ///< Has no value: true or false.
  bool secret = false;   ///< Never printed.
  /// Values without any source; none: not set.
  std::vector<std::string> defaults = {};
  bool value_optional = false;  ///< `--wait[=DUR]`: a value, or true or false.
};

/// The options of a verb, global ones included; `verb` is empty for a command that has none.
struct Section {
  std::string_view command;
  std::string_view verb;
  std::vector<Key> keys;
};

/// All sections of all commands. Borrows the names from the command table.
struct Schema {
  std::vector<Section> sections;

  bool has_command(std::string_view command) const;
  const Section* find(std::string_view command, std::string_view verb) const;
  /// The key that any verb of `command` knows by `name`; nullptr without one.
  const Key* find_key(std::string_view command, std::string_view name) const;
  std::vector<std::string_view> key_names(std::string_view command) const;
};

/// Errc::usage for the first section or key of `file` that nobody knows, or value that its key
/// cannot take; the text names file, line and the nearest known name: "unknown key 'lisen' in
/// /etc/netkit/netkit.toml:3 (did you mean 'listen'?)". In [echo] a key of any verb of echo is
/// known; in [echo.serve] only those of serve.
Status check(const File& file, const Schema& schema);

}  // namespace netkit::config
