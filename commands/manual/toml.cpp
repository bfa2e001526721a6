// netkit.toml(5): the configuration file.
#include "cli/packed_text.hpp"
#include "commands/manual/manual.hpp"

namespace netkit::manual {
namespace {

constexpr std::string_view text = R"(
# SYNOPSIS

`/etc/netkit/netkit.toml`

`$XDG_CONFIG_HOME/netkit/netkit.toml` (`~/.config/netkit/netkit.toml`)

# DESCRIPTION

Every option of every command can be set in these files. An option gets its value from the last of
these that has one:

 the default
 /etc/netkit/netkit.toml
 $XDG_CONFIG_HOME/netkit/netkit.toml
 the file of --config FILE
 the variable NETKIT_COMMAND_OPTION
 the option on the command line

A value replaces the weaker one wholly: lists are not joined. Files that are missing are empty,
except that of `--config`. A server reads all of them again on SIGHUP; if there is an error in
them it logs it and goes on with what it had.

# SECTIONS AND KEYS

A section is `[COMMAND]`, for all verbs of a command, or `[COMMAND.VERB]`, which goes before it.
Keys are the long names of options without the dashes in front. Arguments have no key, nor have
`--help`, `--config`, `--print-config` and `--verbose`. A section or key that nobody knows is an
error (exit status 2) with file, line and the nearest known name, whichever command is run.

 [echo]
 log-format = "json"

 [echo.serve]
 listen = ["tcp://:9090", "ws://:9094"]
 allow = ["192.168.0.0/16"]
 idle-timeout = "10m"
 no-tls = true

# VALUES

A flag is `true` or `false`. All else is what would stand on the command line: a string, or a
number without quotes. An option that may be repeated takes an array of those, or one for one
value.

Files are TOML, and less than that: UTF-8 of at most 1 MiB, lines of at most 4,096 bytes; no
strings of several lines, no tables within values, no dates, nothing but ASCII outside quotes and
comments, and no control or invisible characters (in quotes, write `\uXXXX`).

# ENVIRONMENT

`NETKIT_COMMAND_OPTION` is the command and the option in capitals, with `_` for `-`:
`NETKIT_SHUTDOWN_SERVER_MAX_CONNECTIONS`. It is for all verbs that have the option. A flag is
`true` or `false`; an option that may be repeated is split at spaces; an empty variable is as good
as none. One that belongs to no option of the command is an error.

# WHAT IS IN FORCE

`netkit echo serve --print-config` prints every key with its value and, behind it, where that came
from; `netkit echo --print-config` does so for all verbs. What it prints is a file that can be
read by `--config`.

 listen = ["tcp://:9090"]  # /etc/netkit/netkit.toml:5

Passwords have no key; of tokens only the names of their files are to stand here (`token-file`),
as whoever may read the configuration could read them.

# SEE ALSO

`netkit`(1)
)";
constexpr auto bytes = cli::packed<cli::packed_size(text)>(text);

}  // namespace

const std::string_view toml_page = cli::view_of(bytes);

}  // namespace netkit::manual
