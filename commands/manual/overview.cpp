// netkit(1): what it is, and what all commands have in common. Where an @ stands, what the table
// has is told: the commands, the global options, the exit codes.
#include "cli/packed_text.hpp"
#include "commands/manual/manual.hpp"

namespace netkit::manual {
namespace {

constexpr std::string_view text = R"(
# SYNOPSIS

`netkit` [GLOBAL OPTIONS] COMMAND [VERB] [OPTIONS] [ARGUMENTS]

`netkit` `--list` | `--version` | `--help`

# DESCRIPTION

One file with servers and clients that belong together: a chat, a file server, presence, remote
shutdown, an identity for all of them, and what tries the network beneath. Copy it to any Linux
machine and use it. It may be called by the name of a command, too: `ln -s netkit relay` makes
`relay` what `netkit relay` is.

Standard output is data and nothing else; logs, prompts and progress go to standard error. With
`--json` the data are one object a line. Exit codes tell what happened, and Tab completes
everything: `source <(netkit completion bash)`.

# COMMANDS
@
# GLOBAL OPTIONS

They may stand before or after the command.

`--version` :: Print the version and the features built in, and exit.

`--list` :: Print the commands, one a line, and exit.
@
Durations are `250ms`, `5s`, `2m`, `1h`, sizes `512`, `64k`, `1.5MiB`, `2GiB`; a bare number is
seconds or bytes, and a limit of time that is 0 is none. Regular expressions have RE2's syntax.

# ENDPOINTS

 [SCHEME://]HOST[:PORT]    [V6]:PORT    :PORT    unix:PATH

The schemes are tcp, tls, udp, sctp, ws, wss and unix. `:PORT` listens at all addresses, port 0 at
any free port; `--port-file` keeps which one it became. `sctp://HOST,HOST:PORT` names several
addresses of one machine. A server tells by the first bytes of a connection what its peer speaks:
TLS, netkit's frames, lines of text, HTTP or WebSocket; see `netkit-wire`(7). Default ports:

 relay 2000    presenced 2002 (tcp), 2003 (multicast), 2004 (sctp)
 shutdown-server 8765    echo 9090    auth 9091    filesrv 9092

# TLS

Servers speak TLS on the port of clear text (echo has a port of its own for it), with the
certificate of `--tls-cert`, else one that they make and keep in `--state`. A client without a
scheme uses TLS off this machine and clear text on it, and never falls back by itself. It
remembers a certificate that it sees first, in `known_hosts`, and refuses another one there later
(exit 4); `--tls-ca` and `--tls-fingerprint` trust nobody at first sight. A password or a token is
never sent in clear off this machine.

# IDENTITY

`netkit auth serve` knows accounts and scopes; a server that is started with `--require-auth
ENDPOINT` serves only who shows a token of it. `netkit auth login` signs a user in once for all
clients, which show each server a ticket of its own; `--token-file` shows what is in a file.
Without `--require-auth` most servers serve whoever reaches them: `--allow` and `--deny` bound
that. `netkit-auth`(1) has the rest.

# SIGNALS

SIGTERM and SIGINT make a server take no new peers, finish within `--drain` what is in flight and
exit 0; a second one ends it at once. SIGHUP reads configuration, certificates and lists again,
and opens the log file anew. Run by systemd, a server tells that it is ready and alive, and takes
the sockets that it is passed.

# EXIT STATUS
@
# EVENTS

With `--log-format json` servers log an object a line: `time` (RFC 3339, UTC, milliseconds),
`level`, `service`, `event`, then fields in snake_case; durations are seconds, sizes bytes.
`repeated` stands for so many more of that name in a second. `--on EVENT=CMD` runs a command on an
event of any level. All servers have those that follow, each has its own besides.
@
# ENVIRONMENT

`NETKIT_COMMAND_OPTION` :: The value of an option that is not given: `NETKIT_ECHO_LISTEN`; see
`netkit.toml`(5).

`STATE_DIRECTORY`, `XDG_STATE_HOME` :: Where state is kept without `--state`.

`XDG_CONFIG_HOME` :: Where the user's configuration is.

`NO_COLOR` :: No colours, unless it is empty.

# FILES

`/etc/netkit/netkit.toml`, `~/.config/netkit/netkit.toml` :: The configuration.

`~/.local/state/netkit/COMMAND`, of root `/var/lib/netkit/COMMAND` :: What a server keeps, mode
0700.

`~/.local/state/netkit/known_hosts` :: Certificates that clients have seen.

`~/.local/state/netkit/logins` :: Tokens of `netkit auth login`, mode 0600.

# SEE ALSO

`netkit.toml`(5), `netkit-wire`(7)
)";
constexpr auto bytes = cli::packed<cli::packed_size(text)>(text);

}  // namespace

const std::string_view overview_page = cli::view_of(bytes);

}  // namespace netkit::manual
