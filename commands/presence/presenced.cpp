// The rows of presenced in the command table: verbs, what help says, examples.
#include "commands/presence/presenced.hpp"

#include <array>

#include "cli/packed_text.hpp"

namespace netkit::presence {
namespace {

using cli::Example;
using Examples = std::array<Example, 2>;

constexpr Examples run_examples{{
    {"netkit presenced run", "in the foreground, log on stderr; for a service manager"},
    {"netkit presenced run --no-multicast --listen tls://:2002",
     "peers come by --presenced HOST, beats by the same connection"},
}};
constexpr Examples start_examples{{
    {"netkit presenced start", "in the background; back once it listens, also if it runs already"},
    {"tail -F ~/.local/state/netkit/presenced/multiproto.log", "who comes and goes"},
}};
constexpr Examples stop_examples{{
    {"netkit presenced stop", "back once it has gone"},
    {"netkit presenced stop --state /srv/presence", "that of another state"},
}};
constexpr Examples restart_examples{{
    {"netkit presenced restart", "with the words it was started with; the roster is kept"},
    {"netkit presenced restart --state /srv/presence", "that of another state"},
}};
constexpr Examples status_examples{{
    {"netkit presenced status", "pid, listeners, peers by state, how soon a loss is seen"},
    {"netkit presenced status --json | jq .peers", "for scripts"},
}};
constexpr std::array stop_exits{
    cli::ExitNote{6, "it still runs when its connections should long have ended"}};
constexpr std::array status_exits{cli::ExitNote{3, "no presenced runs on that state"}};

constexpr std::array verbs{
    cli::Verb{.name = "run",
              .summary = "Serve in the foreground",
              .description =
                  "Knows who is here: peers join by UDP multicast or by its address, stay by SCTP "
                  "heartbeats or over their connection, and whoever asks gets the roster and then "
                  "each change. Frames, lines (`list`, `watch`) and WebSocket on one port.",
              .examples = run_examples,
              .exits = {},
              .make = make_run},
    cli::Verb{.name = "start",
              .summary = "Serve in the background",
              .description = "Logs to multiproto.log in --state unless --log-file names another.",
              .examples = start_examples,
              .exits = {},
              .make = make_start},
    cli::Verb{.name = "stop",
              .summary = "End the daemon and wait until it has gone",
              .description = "A daemon that does not run is stopped already.",
              .examples = stop_examples,
              .exits = stop_exits,
              .make = make_stop},
    cli::Verb{.name = "restart",
              .summary = "Stop the daemon and start it as it was started",
              .description = "One that does not run is started.",
              .examples = restart_examples,
              .exits = stop_exits,
              .make = make_restart},
    cli::Verb{.name = "status",
              .summary = "How the daemon does: pid, listeners, peers, bounds, interfaces",
              .description = "Asks the daemon on this machine by the socket in its state.",
              .examples = status_examples,
              .exits = status_exits,
              .make = make_status},
};

constexpr std::string_view manual_text = R"(
Keeps one roster of who is here and tells changes to whoever watches. Peers (`netkit-peer`(1))
find it on the multicast groups 239.255.42.99 and ff15::4e4b, UDP port 2003, or at 127.0.0.1:2002;
they connect to tcp port 2002 and keep an SCTP association in UDP port 2004, by whose heartbeats a
loss is noticed. A firewall has to let these three through; `netkit doctor` looks.

A peer is heard once a period, 1.2 s up to 1,000 peers. One that falls silent is `suspect` after
1.25 periods, then asked directly and through others, and `offline` after 2.2; `netkit presenced
status` prints the bounds in force. A daemon that hears nobody any more declares nobody gone.

What a peer says of itself is signed, so that nobody is entered who is not there. But the roster
is for all on the LAN to see: `--require-auth` guards conversations alone. Somebody there may
claim to be a daemon and hide peers; clients name theirs with `--presenced`.

Several daemons that hear each other agree by themselves; `--link` joins those that do not, and
`--store redis://HOST` sites that share a Redis.

# FILES

`STATE/roster` :: Who was here, for a restart.

`STATE/presenced.key` :: Who this daemon is.

`STATE/multiproto.log`, `STATE/presenced.pid`, `STATE/admin.sock` :: The log and the process of
one in the background, and by what the verbs find it.

# EVENTS

`peer` :: `name`, `state`, `path`, `address`, `port`.

`isolated` :: `isolated`: whether nobody is heard any more.

`daemon` :: `name` or `endpoint`, `state` (linked, lost), `reason`.

`roster` :: `path`, `error`; or how many were `restored`.

`store` :: `error`; `state` (back).

`attempt`, `connected` :: `endpoint`, `limit`; `address`, `port`, `took`, of `--link`.
)";
constexpr auto manual_bytes = cli::packed<cli::packed_size(manual_text)>(manual_text);

}  // namespace

const cli::Command presenced_command{.name = "presenced",
                                     .summary = "Who is here: multicast to join, SCTP to stay",
                                     .verbs = verbs,
                                     .manual = cli::view_of(manual_bytes)};

}  // namespace netkit::presence
