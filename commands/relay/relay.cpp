// The rows of relay in the command table: verbs, what help says, examples.
#include "commands/relay/relay.hpp"

#include <array>

namespace netkit::relay {
namespace {

using cli::Example;
using Examples = std::array<Example, 2>;

constexpr Examples serve_examples{{
    {"netkit relay", "on port 2000: for netkit chat, nc, browsers and the original's clients"},
    {"netkit relay --name b --link relay-a.example", "linked to another one, or to any number"},
}};

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
};

}  // namespace

const cli::Command relay_command{
    .name = "relay", .summary = "Text chat over any number of linked servers", .verbs = verbs};

}  // namespace netkit::relay
