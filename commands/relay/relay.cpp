// The rows of relay in the command table: verbs, what help says, examples.
#include "commands/relay/relay.hpp"

#include <array>

#include "cli/packed_text.hpp"
#include "commands/relay/verbs.hpp"

namespace netkit::relay {
namespace {

using cli::Example;
using Examples = std::array<Example, 2>;

constexpr Examples serve_examples{{
    {"netkit relay", "on port 2000: for netkit chat, nc, browsers and the original's clients"},
    {"netkit relay --name b --link relay-a.example", "linked to another one, or to any number"},
}};
constexpr Examples status_examples{{
    {"netkit relay status", "links, relays, clients and counts of the relay on this machine"},
    {"netkit relay status --json | jq '.links[].delay'", "how far the linked relays are"},
}};
constexpr Examples check_examples{{
    {"netkit relay check", "each way to each relay, with its delay"},
    {"netkit relay check --json", "an object a way"},
}};
constexpr Examples kick_examples{{
    {"netkit relay kick bert", "ends his connection, at whichever relay he is"},
    {"netkit relay kick bert@b 'mind the tone'", "that of two who are called so, and why"},
}};
constexpr Examples mute_examples{{
    {"netkit relay mute bert --for 10m", "he reads and says nothing for ten minutes"},
    {"netkit relay mute bert", "for good"},
}};
constexpr Examples unmute_examples{{
    {"netkit relay unmute bert", "he may speak again"},
    {"netkit relay unmute bert --server relay.example --token-file token",
     "from elsewhere, with a token of the scope relay:moderate"},
}};
constexpr Examples ban_examples{{
    {"netkit relay ban bert --for 24h", "he is let in nowhere for a day"},
    {"netkit relay ban bert", "for good"},
}};
constexpr Examples unban_examples{{
    {"netkit relay unban bert", "what was ordered about him is lifted"},
    {"netkit relay unban bert --state /var/lib/netkit/relay", "at the relay of that state"},
}};
constexpr Examples bans_examples{{
    {"netkit relay bans", "who is muted or banned, until when, by whom and why"},
    {"netkit relay bans --json", "an object a line"},
}};
constexpr std::array check_exits{
    cli::ExitNote{5, "a relay that is known did not answer within 2 s"}};

constexpr std::array verbs{
    cli::Verb{.name = "",
              .summary = "Serve a chat",
              .description =
                  "Takes messages from its clients and from other relays and gives each to all "
                  "clients in its room, once and in the order of its sender. Relays are linked "
                  "with --link in any shape; a link that was cut goes on where it was.",
              .examples = serve_examples,
              .exits = {},
              .make = make_serve},
    cli::Verb{.name = "status",
              .summary = "How the relay does: links, relays, clients, counts",
              .description = "Asks the relay on this machine by the socket in its state.",
              .examples = status_examples,
              .exits = {},
              .make = make_status},
    cli::Verb{
        .name = "check",
        .summary = "Send a probe to all relays and print the ways it took",
        .description = "A line a way: the relay, its delay there and back, the relays between.",
        .examples = check_examples,
        .exits = check_exits,
        .make = make_check},
    cli::Verb{.name = "kick",
              .summary = "End somebody's connection",
              .description = "By the admin socket, or with a token of the scope relay:moderate.",
              .examples = kick_examples,
              .exits = {},
              .make = make_kick},
    cli::Verb{.name = "mute",
              .summary = "Let somebody read only",
              .description = "By the admin socket, or with a token of the scope relay:moderate.",
              .examples = mute_examples,
              .exits = {},
              .make = make_mute},
    cli::Verb{.name = "unmute",
              .summary = "Let somebody speak again",
              .description = "By the admin socket, or with a token of the scope relay:moderate.",
              .examples = unmute_examples,
              .exits = {},
              .make = make_unmute},
    cli::Verb{.name = "ban",
              .summary = "End somebody's connection and let them in no more",
              .description = "By the admin socket, or with a token of the scope relay:moderate.",
              .examples = ban_examples,
              .exits = {},
              .make = make_ban},
    cli::Verb{.name = "unban",
              .summary = "Let somebody in again",
              .description = "By the admin socket, or with a token of the scope relay:moderate.",
              .examples = unban_examples,
              .exits = {},
              .make = make_unban},
    cli::Verb{.name = "bans",
              .summary = "List who is muted or banned",
              .description = "Asks the relay on this machine by the socket in its state.",
              .examples = bans_examples,
              .exits = {},
              .make = make_bans},
};

constexpr std::string_view manual_text = R"(
One port, 2000, serves `netkit-chat`(1), browsers (http://HOST:2000/), WebSocket programs, nc, and
clients of the original. Rooms come and go with those who are in them.

Relays are linked with `--link` in any shape, also in rings; every relay has every message once. A
relay lets in those whose keys `--link-key` names, with `--require-auth` those with the scope
relay:link, else only relays on its machine. What a relay's clients say is signed by it, and no
other can alter it; but a linked relay may say anything in the name of its own people. Link with
those whom you would let speak.

`--ack` says when a sender is told that a message is safe: in `memory`, on `disk`, or at another
relay (`links`). `--store redis://HOST` keeps history in Redis, which carries messages between all
relays on it.

Without `--require-auth` anybody may talk under any nick. With it a nick is the user's name or
begins with it, and the scope relay:moderate may kick, mute and ban, at every relay at once.

# FILES

`STATE/relay.db` :: History of rooms, mutes and bans (SQLite).

`STATE/link.key` :: By which other relays know this one.

`STATE/admin.sock` :: By which the verbs find the relay.

# EVENTS

`enter` :: `nick`, `address`.

`link` :: `state` (up, down), `relay`, `address` or `endpoint`, `key`, `reason`.

`link_refused` :: `relay`, `key` or `address`, `reason`.

`relay_away`, `relay_back` :: `relay`, and of one that is away `people`; of many at once `relays`.

`gap` :: `relay`, `from`, `to`: messages that nobody has.

`moderate` :: `nick`, `by`, `how`.

`store`, `ack` :: `error` or `warning`; `hint` when it is well again. Of lost ones `bundles`,
`items`, `dropped`, `entries`.
)";
constexpr auto manual_bytes = cli::packed<cli::packed_size(manual_text)>(manual_text);

}  // namespace

const cli::Command relay_command{.name = "relay",
                                 .summary = "Text chat over any number of linked servers",
                                 .verbs = verbs,
                                 .manual = cli::view_of(manual_bytes)};

}  // namespace netkit::relay
