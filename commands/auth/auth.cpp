// The rows of auth in the command table: verbs, what help says, examples.
#include "commands/auth/auth.hpp"

#include <array>

namespace netkit::auth {
namespace {
constexpr std::array<cli::Verb, 8> verbs{{
    {.name = "serve",
     .summary = "s",
     .description = "d",
     .examples = {},
     .exits = {},
     .make = make_serve},
    {.name = "hello",
     .summary = "s",
     .description = "d",
     .examples = {},
     .exits = {},
     .make = make_hello},
    {.name = "register",
     .summary = "s",
     .description = "d",
     .examples = {},
     .exits = {},
     .make = make_register},
    {.name = "login",
     .summary = "s",
     .description = "d",
     .examples = {},
     .exits = {},
     .make = make_login},
    {.name = "logout",
     .summary = "s",
     .description = "d",
     .examples = {},
     .exits = {},
     .make = make_logout},
    {.name = "whoami",
     .summary = "s",
     .description = "d",
     .examples = {},
     .exits = {},
     .make = make_whoami},
    {.name = "passwd",
     .summary = "s",
     .description = "d",
     .examples = {},
     .exits = {},
     .make = make_passwd},
    {.name = "renew",
     .summary = "s",
     .description = "d",
     .examples = {},
     .exits = {},
     .make = make_renew},
}};
}  // namespace

constinit const cli::Command command{"auth", "Know addresses, people and tokens", verbs};

}  // namespace netkit::auth
