// One configuration file as flat entries with their lines. Reads TOML strictly: sections [command]
// and [command.verb], values that are strings, numbers, booleans or arrays of them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace netkit::config {

/// Where a value came from, weakest first.
struct Origin {
  enum Kind { default_, system_file, user_file, given_file, environment, option };
  Kind kind = default_;
  std::string
      where;  ///< "/etc/netkit/netkit.toml:12", "NETKIT_ECHO_LISTEN", "--listen", "default".
  friend bool operator==(const Origin&, const Origin&) = default;
};

/// `key = value` under a section.
struct Entry {
  std::string command;  ///< "echo"
  std::string verb;     ///< "serve"; empty for the section [echo].
  std::string key;
  std::vector<std::string> values;  ///< As text: 5, 1.5, true, or the string itself.
  bool is_array = false;
  bool is_boolean = false;  ///< true or false without quotes, alone or in the array.
  unsigned line = 0;        ///< Counted from 1.
};

/// A section header is kept apart from its entries, so that an unknown empty section is told too.
struct SectionLine {
  std::string command;
  std::string verb;
  unsigned line = 0;
};

struct File {
  std::string path;
  Origin::Kind kind = Origin::given_file;
  std::vector<SectionLine> sections;
  std::vector<Entry> entries;  ///< In the order of their lines.
};

inline constexpr std::size_t file_size_max = std::size_t{1024} * 1024;
/// A longer line has no use in a configuration and could nest tables until the stack is exhausted.
inline constexpr std::size_t line_size_max = 4096;

/// The entries of `text`; `path` is for the messages. A byte order mark and CR LF are accepted;
/// strings of several lines, tables inside values and invisible characters are not. Errc::usage (or
/// too_large) with file, line and reason for anything that is not TOML or not of the shape above.
Result<File> parse_file(std::string_view text, std::string path, Origin::Kind kind);

/// Reads and parses one file. Errc::too_large past file_size_max; the system's error if it cannot
/// be read (a folder is EISDIR). A missing system or user file is empty, a missing given file is
/// ENOENT.
Result<File> read_file(std::string path, Origin::Kind kind);

}  // namespace netkit::config
