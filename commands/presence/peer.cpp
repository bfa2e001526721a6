// The row of peer in the command table: what each verb is for, and how it ends.
#include "commands/presence/peer.hpp"

#include <array>

#include "cli/packed_text.hpp"
#include "commands/presence/peer_verbs.hpp"

namespace netkit::presence {
namespace {

using Examples = std::array<cli::Example, 2>;

constexpr Examples peer_examples{{
    {"netkit peer --name ana", "on a terminal: who comes and goes, messages, /help for commands"},
    {"echo '/msg bert lunch?' | netkit peer --name ana", "each line of stdin is a command"},
}};
constexpr Examples listen_examples{{
    {"netkit peer listen --name build7", "be here, and print what arrives as NAME: TEXT"},
    {"netkit peer listen --name build7 --json --count 1 | jq -r .text", "wait for one message"},
}};
constexpr Examples list_examples{{
    {"netkit peer list", "name, address, state and since when, tab-separated in a pipe"},
    {"netkit peer list --json | jq -r 'select(.state == \"online\").name'", "who is online"},
}};
constexpr Examples watch_examples{{
    {"netkit peer watch --json", "the roster, then each change, an object a line"},
    {"netkit peer watch --on online='notify-send \"$PEER_NAME is here\"'",
     "a command each time somebody comes"},
}};
constexpr Examples send_examples{{
    {"netkit peer send ana 'lunch?'", "delivered once this returns 0"},
    {"netkit peer send ana 'as promised' --file report.pdf --wait",
     "a file with it; both are kept while ana is away"},
}};
constexpr Examples why_examples{{
    {"netkit peer why ana", "what the daemon knows, what we hear, what follows from it"},
    {"netkit peer why ana --presenced none", "our own view alone"},
}};
constexpr Examples forget_examples{{
    {"netkit peer forget ana", "the next key that ana shows is trusted again"},
    {"netkit peer forget ana --state /srv/peer", "in the known_peers of that folder"},
}};
constexpr std::array look_exits{cli::ExitNote{3, "the daemon that was named is not reached"},
                                cli::ExitNote{4, "the daemon does not let us in"}};
constexpr std::array peer_exits{
    cli::ExitNote{0, "it has left, also by SIGTERM; in a pipe: all lines were done"},
    cli::ExitNote{1, "a peer of that name runs on this machine already"},
    cli::ExitNote{3, "the daemon that was named is not reached, or a peer written to is away"},
    cli::ExitNote{5, "in a pipe: nobody is called so"}};
constexpr std::array send_exits{
    cli::ExitNote{2, "several peers of that name are here; say which, as peer list shows them"},
    cli::ExitNote{3, "the peer is offline, has left, or was lost before it answered"},
    cli::ExitNote{4, "the peer has another key than before, or refuses the message or a file"},
    cli::ExitNote{5, "nobody is called so"}, cli::ExitNote{6, "it was not back within --wait"}};
constexpr std::array why_exits{cli::ExitNote{5, "it is not visible to the daemon, or not to us"}};
constexpr std::array forget_exits{cli::ExitNote{5, "no such name is known"}};

constexpr std::array verbs{
    cli::Verb{.name = "",
              .summary = "Be here, and talk to those who are",
              .description =
                  "On a terminal, lines are edited, messages and who comes and goes appear above; "
                  "/help lists the commands. In a pipe, each line of stdin is such a command, what "
                  "arrives goes to stdout as NAME: TEXT, or as an object a line with --json, and "
                  "it ends once all lines are done. Messages go from peer to peer, encrypted, "
                  "never through the presence daemon; without a daemon, peers hear each other by "
                  "multicast. Who we are is a key in --state, one for each --name.",
              .examples = peer_examples,
              .exits = peer_exits,
              .make = make_peer},
    cli::Verb{.name = "listen",
              .summary = "Be here, and print what arrives",
              .description =
                  "As NAME: TEXT, or as an object a line with --json, until a signal ends it or "
                  "--count messages have come. The log says where it listens. A sender under a "
                  "known name with another key than before is refused. With --files DIR, peers may "
                  "send files there: NAME sent FILE (SIZE bytes).",
              .examples = listen_examples,
              .exits = peer_exits,
              .make = make_listen},
    cli::Verb{.name = "list",
              .summary = "List who is here",
              .description =
                  "Name, address, state (online, away, suspect, offline, left) and since when. The "
                  "presence daemon tells it: that of --presenced, the one at 127.0.0.1:2002, or "
                  "one that answers on the group. Without any, peers are heard directly for a "
                  "moment.",
              .examples = list_examples,
              .exits = look_exits,
              .make = make_list},
    cli::Verb{.name = "watch",
              .summary = "Print who is here, then each change",
              .description =
                  "A line a change, with its time in front. --on EVENT=CMD runs /bin/sh -c CMD "
                  "with PEER_EVENT, PEER_NAME, PEER_STATE, PEER_BEFORE, PEER_ADDRESS, PEER_PORT "
                  "and PEER_KEY in its environment; not for who was here before.",
              .examples = watch_examples,
              .exits = look_exits,
              .make = make_watch},
    cli::Verb{.name = "send",
              .summary = "Send a message to a peer",
              .description =
                  "By a connection to the peer itself, encrypted, to the key that was seen under "
                  "its name the first time. Returns once all messages are acknowledged and all "
                  "files are whole in their place. With --wait or --retry, a file goes on after a "
                  "break with what the peer lacks of it.",
              .examples = send_examples,
              .exits = send_exits,
              .make = make_send},
    cli::Verb{.name = "why",
              .summary = "Tell why somebody is not visible",
              .description =
                  "Asks the daemon, the group and the peer itself, and prints what each interface "
                  "hears, for at most 2.5 s. The last line is the verdict.",
              .examples = why_examples,
              .exits = why_exits,
              .make = make_why},
    cli::Verb{.name = "forget",
              .summary = "Trust the next key of a peer again",
              .description = "Takes the lines of that name out of known_peers.",
              .examples = forget_examples,
              .exits = forget_exits,
              .make = make_forget},
};

constexpr std::string_view manual_text = R"(
To be here, run `netkit peer` on a terminal or `netkit peer listen` in a script; to look and to
send one need not be here. A daemon (`netkit-presenced`(1)) is found by itself; without one, peers
of one LAN hear each other.

Messages and files go straight to the peer, over TLS, and both sides prove their keys. The first
key that is seen under a name is kept, and another one is refused later (exit 4): ask the person,
then `netkit peer forget NAME`. Two who are called the same are shown as `ana` and `ana (2)`.

`netkit peer send NAME TEXT --wait` waits until the peer is back. Files are taken only by a peer
that was started with `--files DIR`, are checked end to end and replace no others. `netkit peer
watch --on EVENT=COMMAND` has the facts in the environment: quote them, as names are what others
chose.

# FILES

`STATE/NAME.key` :: Who NAME is: to move a peer to another machine, move this.

`STATE/known_peers` :: Names and keys that were seen, a line each.

`STATE/typed` :: Lines typed on a terminal.
)";
constexpr auto manual_bytes = cli::packed<cli::packed_size(manual_text)>(manual_text);

}  // namespace

const cli::Command peer_command{.name = "peer",
                                .summary = "See who is here and talk to them directly",
                                .verbs = verbs,
                                .manual = cli::view_of(manual_bytes)};

}  // namespace netkit::presence
