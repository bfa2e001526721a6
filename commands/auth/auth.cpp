// The rows of auth in the command table: verbs, what help says, examples.
#include "commands/auth/auth.hpp"

#include <array>

#include "cli/packed_text.hpp"

namespace netkit::auth {
namespace {

using cli::Example;
using cli::ExitNote;
using Examples = std::array<Example, 2>;

constexpr Examples serve_examples{{
    {"netkit auth serve", "on port 9091; the first to register on this machine administrates"},
    {"netkit auth serve --registration closed --hash-memory 128MiB", "nobody new, costlier hashes"},
}};
constexpr Examples hello_examples{{
    {"netkit auth hello 192.0.2.7", "the name of this address there"},
    {"netkit auth hello 192.0.2.7 --name workshop", "gives it one"},
}};
constexpr Examples register_examples{{
    {"netkit auth register --user anna", "asks for a password, twice"},
    {"netkit auth register auth.example --user bert --code 7KQM-X2WD-9HRT", "with an invitation"},
}};
constexpr Examples login_examples{{
    {"netkit auth login auth.example --user anna", "stores the token, mode 0600"},
    {"TOKEN=$(netkit auth login --user anna --password-file pw --print-token)",
     "for a script; nothing is stored"},
}};
constexpr Examples logout_examples{{
    {"netkit auth logout", "the session of this user here"},
    {"netkit auth logout --everywhere", "all of this user's, on every device"},
}};
constexpr Examples whoami_examples{{
    {"netkit auth whoami", "user, scopes, session, until when; tab-separated"},
    {"netkit auth whoami auth.example --token-file token", "whose token that is"},
}};
constexpr Examples passwd_examples{{
    {"netkit auth passwd", "asks for the old and the new one; all other sessions end"},
    {"netkit auth passwd --user bert --new-password-file pw", "bert's, as an administrator"},
}};
constexpr Examples renew_examples{{
    {"netkit auth renew", "replaces the stored token; the old one ends at once"},
    {"netkit auth renew auth.example --token-file old > new", "the same for a script"},
}};
constexpr Examples sessions_examples{{
    {"netkit auth sessions", "session, user, device, address, last use, expiry"},
    {"netkit auth sessions --all --json", "everybody's, for administrators"},
}};
constexpr Examples revoke_examples{{
    {"netkit auth revoke 22f905da", "one session, by the beginning of its id"},
    {"netkit auth revoke --others", "all of one's own but this one"},
}};
constexpr Examples users_examples{{
    {"netkit auth users", "user, scopes, sessions, created, last use"},
    {"netkit auth users --state /var/lib/netkit/auth", "by the admin socket on that machine"},
}};
constexpr Examples grant_examples{{
    {"netkit auth grant bert shutdown:read relay", "two scopes more; prints all he has"},
    {"netkit auth grant bert --take shutdown:order", "one less"},
}};
constexpr Examples remove_examples{{
    {"netkit auth remove bert", "his account, sessions and invitations"},
    {"netkit auth remove auth.example bert", "at that server"},
}};
constexpr Examples invite_examples{{
    {"netkit auth invite", "prints a code for one account, good for a day"},
    {"netkit auth invite --expire 1h", "for an hour"},
}};
constexpr Examples bans_examples{{
    {"netkit auth bans", "who has to wait, why and until when"},
    {"netkit auth bans --clear 192.0.2.7", "forgets the failures from there"},
}};
constexpr Examples import_examples{{
    {"netkit auth import /etc/apache2/htpasswd", "adds its users with the passwords they have"},
    {"sudo getent shadow | netkit auth import -", "those of this machine"},
}};
constexpr Examples export_examples{{
    {"netkit auth export > accounts", "USER:HASH, a line each"},
    {"netkit auth export --json", "an object each"},
}};
constexpr Examples backup_examples{{
    {"netkit auth backup /var/backups/auth.db", "a consistent copy while the server runs"},
    {"netkit auth backup auth.db --state DIR", "of the server that keeps its state there"},
}};
constexpr Examples tune_examples{{
    {"netkit auth tune", "options of serve for hashes that take 250 ms here"},
    {"netkit auth tune --target 1s --hash-memory 256MiB", "costlier ones"},
}};
constexpr Examples ticket_examples{{
    {"netkit auth ticket --for shutdown-server --scope shutdown:order --path /web1 --uses 1",
     "one order for one host, for somebody without an account"},
    {"netkit auth ticket --address 192.0.2.0/24 --expire 1h", "all that one may, from there"},
}};
constexpr ExitNote refused{4, "wrong user or password, not allowed, or to be tried again later"};
constexpr std::array<ExitNote, 2> sign_in_exits{{
    {1, "too many sign in at the moment: try again"},
    refused,
}};
constexpr std::array<ExitNote, 1> hello_exits{{{5, "the address has no name and none was given"}}};
constexpr std::array<ExitNote, 1> whoami_exits{{{4, "nobody is signed in, or no longer"}}};
constexpr std::array<ExitNote, 2> revoke_exits{{
    {4, "another's session, and not an administrator"},
    {5, "no such session or user"},
}};
constexpr std::array<ExitNote, 2> user_exits{{
    {4, "not an administrator, or the last one would be gone"},
    {5, "no such user"},
}};
constexpr std::array<ExitNote, 1> admin_exits{{{4, "not an administrator"}}};
constexpr std::array<ExitNote, 2> bans_exits{{
    {4, "not an administrator"},
    {5, "nothing to clear under that name"},
}};
constexpr std::array<ExitNote, 1> backup_exits{{{3, "no server runs there"}}};
constexpr std::array<ExitNote, 1> ticket_exits{{{4, "nobody is signed in"}}};

constexpr std::string_view serve_description =
    "Keeps accounts, sessions and names of addresses in --state, and answers every other server's "
    "question whether a token is good. Speaks frames, lines (nc), len64 and WebSocket on one port, "
    "which also serves a page; passwords and tokens are taken over TLS, loopback and unix sockets "
    "only. Whoever can open admin.sock in --state administrates. Failed sign-ins make an account "
    "and an address wait longer and longer; a device that signed in before is not held up by "
    "others' failures.";

constexpr std::array<cli::Verb, 20> verbs{{
    {"serve", "Run the auth service", serve_description, serve_examples, {}, make_serve},
    {"hello", "The name of this address; grants nothing",
     "Greets a known address by its name; an unknown one is asked for a name, which is kept.",
     hello_examples, hello_exits, make_hello},
    {"register", "Make an account",
     "The first account that is registered on the server's own machine administrates. From "
     "elsewhere a code is needed unless the server says otherwise.",
     register_examples, sign_in_exits, make_register},
    {"login", "Sign in",
     "Stores the token for later commands, mode 0600, or prints it. Other services are shown "
     "tickets made from it, never the token itself.",
     login_examples, sign_in_exits, make_login},
    {"logout", "End the session", "Ends it at the server and forgets the stored token.",
     logout_examples, whoami_exits, make_logout},
    {"whoami", "Who is signed in, with what rights",
     "A line of user, scopes, session and expiry, tab-separated.", whoami_examples, whoami_exits,
     make_whoami},
    {"passwd", "Change a password",
     "Needs the old password besides the session, and ends all other sessions.", passwd_examples,
     sign_in_exits, make_passwd},
    {"renew", "Replace the token",
     "The session goes on under another token, with the expiry it had; the old one ends at once.",
     renew_examples, whoami_exits, make_renew},
    {"sessions", "List sessions", "The last used first.", sessions_examples, whoami_exits,
     make_sessions},
    {"revoke", "End sessions",
     "[ENDPOINT] SESSION|USER: one session, or all of a user's. Every server that checks tokens "
     "refuses them within a second.",
     revoke_examples, revoke_exits, make_revoke},
    {"users", "List accounts", "For administrators, in the order of their names.", users_examples,
     admin_exits, make_users},
    {"grant", "Give and take scopes",
     "[ENDPOINT] USER SCOPE...: an endpoint in front has a scheme or a port, or is an address. "
     "`admin` is everything, `shutdown` every shutdown:... . Holds at once, also for sessions in "
     "progress.",
     grant_examples, user_exits, make_grant},
    {"remove", "Delete an account", "[ENDPOINT] USER: its sessions end.", remove_examples,
     user_exits, make_remove},
    {"invite", "Print a code for one new account", "Good once, and for a day by default.",
     invite_examples, admin_exits, make_invite},
    {"bans", "List and clear who has to wait after failures",
     "Accounts, addresses (IPv6: networks of /64) and devices with failed sign-ins.", bans_examples,
     bans_exits, make_bans},
    {"import", "Add accounts with the hashes they have",
     "[ENDPOINT] FILE: lines USER:HASH; $argon2id$, $2b$, $y$, $5$ and $6$ are known. Hashes are "
     "replaced by better ones as their users sign in. Prints how many were added.",
     import_examples, admin_exits, make_import},
    {"export", "Print all accounts as USER:HASH", "For administrators; import reads it back.",
     export_examples, admin_exits, make_export},
    {"backup", "Copy the store while the server runs",
     "Asks the server on this machine by its admin socket.", backup_examples, backup_exits,
     make_backup},
    {"tune",
     "Find parameters for password hashes on this machine",
     "Measures, and prints options for serve.",
     tune_examples,
     {},
     make_tune},
    {"ticket", "Narrow a session to what somebody else needs, offline",
     "Prints a text that stands for the session of the token it is made from, limited as given. It "
     "ends with that session. --expire bounds when it may be shown, not how long a connection "
     "lasts that it opened.",
     ticket_examples, ticket_exits, make_ticket},
}};

constexpr std::string_view manual_text = R"(
One service knows who people are, and every other server asks it: start others with
`--require-auth ENDPOINT`. The first account that is registered on the server's own machine
administrates; others need a code (`netkit auth invite`) or register there. `netkit auth grant`
gives scopes; one grants all that begin with it and a colon, and `admin` is every right.

`netkit auth login` keeps a session's token for all clients of this user. It is sent to its auth
service alone: other servers are shown a ticket made from it, good for one minute, one service and
one server. `netkit auth ticket` makes such limited rights by hand, offline, for somebody without
an account; they end with the session. Nothing of this travels in clear off this machine.

Servers ask once about each token and follow a feed of changes, so that what is revoked is refused
everywhere within a second. While the service is away, known tokens stay good for `--auth-grace`.
After five failures an account and an address wait, 1 s doubling to 15 min. Whoever can open
`admin.sock` administrates without a password: this is the way back in.

# FILES

`STATE/auth.db` :: Accounts, sessions, codes, names of addresses (SQLite). `netkit auth backup`
copies it while the server runs.

`STATE/admin.sock` :: For administration on the same machine, by the server's user alone.

`~/.local/state/netkit/logins` :: Of clients: tokens, mode 0600.

`$CREDENTIALS_DIRECTORY/pepper` :: Taken for `--pepper-file` if it is there (systemd).

# EVENTS

`authn_login_success`, `authn_login_successafterfail`, `authn_login_fail`, `authn_login_fail_max`,
`authn_login_lock`, `authn_password_change`, `authn_token_created`, `authn_token_revoked`,
`authz_change`, `authz_admin`, `user_created`, `user_deleted`, `input_validation_fail`,
`excess_rate_limit_exceeded` :: `user`, `address`, `port`, `reason`.

`passwords` :: `memory`, `passes`, `lanes`, `at_a_time`, `pepper`: what a hash costs here.

`password`, `store` :: `error` or `warning`.
)";
constexpr auto manual_bytes = cli::packed<cli::packed_size(manual_text)>(manual_text);

}  // namespace

constinit const cli::Command command{.name = "auth",
                                     .summary = "Know addresses, people and tokens",
                                     .verbs = verbs,
                                     .manual = cli::view_of(manual_bytes)};

}  // namespace netkit::auth
