// The rows of shutdown-server in the command table: verbs, what help says, examples.
#include <array>

#include "cli/packed_text.hpp"
#include "commands/shutdown/shutdown.hpp"

namespace netkit::shutdown {
namespace {

using cli::Example;
using cli::ExitNote;

constexpr std::array<Example, 2> serve_examples{{
    {"netkit shutdown-server", "on port 8765 of all addresses, ws and wss"},
    {"echo 192.168.100.12 >> ~/.local/state/netkit/shutdown-server/wylacz",
     "an order by the file, for whoever is or comes at that address"},
}};
constexpr std::array<Example, 2> list_examples{{
    {"netkit shutdown-server list", "name, address, state, since when"},
    {"netkit shutdown-server list --json | jq -r 'select(.state==\"online\").name'",
     "the names of those that are up"},
}};
constexpr std::array<Example, 4> order_examples{{
    {"netkit shutdown-server order web1 --wait", "one host, followed until it is verifiably down"},
    {"netkit shutdown-server order --all --reason 'on battery' --force --wait=5m",
     "everything, from a UPS's alarm"},
    {"netkit shutdown-server order --plan night.plan --dry-run", "who would go, when, after whom"},
    {"netkit shutdown-server order web1 --server ups.example --token-file token",
     "from another machine"},
}};
constexpr std::array<Example, 2> cancel_examples{{
    {"netkit shutdown-server cancel web1", "take an order back while that is possible"},
    {"netkit shutdown-server cancel 192.168.100.12", "the same by address"},
}};
constexpr std::array<Example, 2> history_examples{{
    {"netkit shutdown-server history -n 20", "the last twenty orders and what came of them"},
    {"netkit shutdown-server history --json", "all that is known of each"},
}};
constexpr std::array<Example, 2> wake_examples{{
    {"netkit shutdown-server wake web1", "magic packets to the addresses its agent reported"},
    {"netkit shutdown-server wake web1 web2 db1", "several"},
}};
constexpr std::array<Example, 2> enrol_examples{{
    {"netkit shutdown-server enrol", "a code for `netkit shutdown-agent enrol HOST --code CODE`"},
    {"netkit shutdown-server enrol --operator anna > token",
     "a token with which anna may order over TLS, and sign in to the page"},
}};

constexpr std::array<ExitNote, 5> order_exits{{
    {1, "with --wait: an order was cancelled"},
    {3, "no server to ask; with --wait: an order was never delivered"},
    {4, "with --wait: a host refused"},
    {5, "no such host"},
    {6, "with --wait: a host stayed up, or DUR has passed"},
}};

constexpr std::string_view serve_description =
    "Keeps the list of hosts and the book of orders. Agents (netkit shutdown-agent) and plain "
    "WebSocket clients connect to the same port, which also serves a page for browsers. Every "
    "order is on disk before anybody is told, so that a crash loses and repeats none. A host "
    "counts as down after its goodbye or the loss of its connection and --verify of silence: no "
    "return, no answer to ICMP or on the TCP ports it reported. Each line of the file `wylacz` in "
    "--state is an order for whoever is at that address; to edit it in a script, hold its lock: "
    "flock wylacz.lock.";

constexpr std::array<cli::Verb, 8> verbs{{
    {.name = "",
     .summary = "Turn hosts off, and know that they are off",
     .description = serve_description,
     .examples = serve_examples,
     .exits = {},
     .make = make_serve},
    {.name = "serve",
     .summary = "The same as without a verb",
     .description = serve_description,
     .examples = serve_examples,
     .exits = {},
     .make = make_serve},
    {.name = "list",
     .summary = "The hosts, their states, since when",
     .description = "A line a host: name, address, state, since when; tab-separated. States are "
                    "online, offline, and those of an order: ordered, delivered, accepted, going, "
                    "down, timeout.",
     .examples = list_examples,
     .exits = {},
     .make = make_list},
    {.name = "order",
     .summary = "Order hosts to shut down",
     .description =
         "HOST is a host name, a machine id or an address. A host has one order at a time; "
         "ordering it again answers with that one. Prints host and state, with --wait every step "
         "until each host is down (verified) or its order ended otherwise. A plan is a text file: "
         "`stage NAME`, then hosts or @groups, `wait down<=60s`, `max-in-flight N`, `keep last "
         "HOST`; `group NAME HOST...` names several.",
     .examples = order_examples,
     .exits = order_exits,
     .make = make_order},
    {.name = "cancel",
     .summary = "Take orders back",
     .description = "An order that no host has is cancelled at once. A host that has it is asked "
                    "and stays up unless its command runs already.",
     .examples = cancel_examples,
     .exits = {},
     .make = make_cancel},
    {.name = "history",
     .summary = "Past orders, newest first",
     .description = "A line an order: when, host, state, issuer, reason, why.",
     .examples = history_examples,
     .exits = {},
     .make = make_history},
    {.name = "wake",
     .summary = "Switch hosts on over the network",
     .description = "Sends magic packets to the hardware addresses that each host's agent "
                    "reported, on every interface. The host is up once its agent is online again.",
     .examples = wake_examples,
     .exits = {},
     .make = make_wake},
    {.name = "enrol",
     .summary = "Print a code for an agent, or a token for an operator",
     .description = "An agent's code is good for one enrolment within an hour; from then on that "
                    "machine's agent is only believed with the token it got.",
     .examples = enrol_examples,
     .exits = {},
     .make = make_enrol},
}};

constexpr std::string_view manual_text = R"(
Each host runs `netkit-shutdown-agent`(1), which keeps a connection to this server. An order is on
disk before anybody is told, and is carried out once, whatever crashes on either side. A host is
`down` after its goodbye, or the loss of its connection, and then `--verify` of silence.

To begin: run the server, print a code by `netkit shutdown-server enrol`, and give it to `netkit
shutdown-agent enrol SERVER --code CODE` on each host. From then on that machine is believed with
its token only. The verbs find a server on the same machine by its admin socket; from elsewhere
they need `--server` and a token, made by `netkit shutdown-server enrol --operator NAME` or by
`netkit-auth`(1) with the scope shutdown:order.

The port has a page for browsers. Plain WebSocket clients of the original system are served as it
did: told `yep` when their address is in `wylacz`, added to `lista` otherwise. A line that is
added to `wylacz`, by whatever means, is an order for whoever is at that address: protect the
folder.

# FILES

`STATE/shutdown.db` :: Hosts, orders, history, plans (SQLite).

`STATE/lista`, `STATE/wylacz` :: Addresses, one a line. Scripts that rewrite them hold
`STATE/wylacz.lock` with flock(1).

`STATE/admin.sock` :: By which the verbs find the server.

# EVENTS

`agent` :: `host`, `address`, `machine`, `boot`, `enrolled`, `exec`.

`order` :: `order`, `host`, `state`, `why`, `issuer`, `reason`.

`plan`, `wake`, `enrol`, `revoke` :: `issuer`, and what: `plan`, `hosts`, `operator`, `name` and
`tokens`; of a plan that cannot go on `host` and `error`.

`operator` :: `name`, `address`, `right`.

`message` :: `address`, `text` of a client of the original.

`keep`, `list` :: `error`, or `file` and `text` of a line; `hint`.
)";
constexpr auto manual_bytes = cli::packed<cli::packed_size(manual_text)>(manual_text);

}  // namespace

constinit const cli::Command server_command{.name = "shutdown-server",
                                            .summary = "Turn hosts off, and know that they are off",
                                            .verbs = verbs,
                                            .manual = cli::view_of(manual_bytes)};

}  // namespace netkit::shutdown
