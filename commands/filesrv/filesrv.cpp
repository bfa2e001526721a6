// The rows of filesrv in the command table: verbs, what help says, examples.
#include "commands/filesrv/filesrv.hpp"

#include <array>

#include "cli/packed_text.hpp"

namespace netkit::filesrv {
namespace {

using cli::Example;
using cli::ExitNote;
using Examples = std::array<Example, 2>;

constexpr Examples serve_examples{{
    {"netkit filesrv serve ~/pub", "on port 9092, for netkit, browsers, curl and nc"},
    {"netkit filesrv serve docs=/srv/docs in=/srv/in --upload", "two folders; files may be put"},
}};
constexpr Examples ls_examples{{
    {"netkit filesrv ls host -l", "sizes and times, too"},
    {"netkit filesrv ls host 'logs/*.gz'", "the names that match, one a line"},
}};
constexpr Examples get_examples{{
    {"netkit filesrv get host report.pdf", "into this folder, checked end to end"},
    {"netkit filesrv get host -r photos -o ~/pictures --resume", "only what is missing there"},
}};
constexpr Examples put_examples{{
    {"netkit filesrv put host notes.txt", "never over a file that is there"},
    {"netkit filesrv put host -r site --overwrite", "a folder with all that is in it"},
}};
constexpr Examples time_examples{{
    {"netkit filesrv time host", "HH:MM:SS at the server"},
    {"netkit filesrv time tls://host", "the same over TLS"},
}};
constexpr Examples info_examples{{
    {"netkit filesrv info host", "what it is, how long it runs, which walls are up"},
    {"netkit filesrv info host | grep landlock", "is the server kept to its folders?"},
}};

constexpr Examples menu_examples{{
    {"netkit filesrv menu host", "1 list, 2 get, 3 time, 4 info, 5 quit"},
    {"netkit filesrv menu", "asks for host and port first"},
}};

constexpr std::array<ExitNote, 1> get_exits{{{5, "there is no such file"}}};
constexpr std::array<ExitNote, 1> put_exits{{{4, "the server takes no files, or not from you"}}};

constexpr std::string_view serve_text =
    "Serves a folder, or several under names, to netkit filesrv, browsers, curl and nc on one "
    "port. What is outside of it cannot be reached: paths are resolved beneath the open folder, "
    "links are not followed, and the kernel keeps the process to its folders where it can. With "
    "--require-auth the scopes filesrv:read and filesrv:write are asked for, or "
    "filesrv:read:NAME of one folder.";
constexpr std::string_view get_text =
    "Fetches files. Every byte is checked against hashes that come along; until then a file is "
    "called NAME.part, and never NAME. PATH may be a pattern, which the server expands.";
constexpr std::string_view put_text =
    "Stores files. The server calls a file NAME.part until every byte is checked, and replaces "
    "none unless asked.";

constexpr std::array verbs{
    cli::Verb{"serve", "Serve files", serve_text, serve_examples, {}, make_serve},
    cli::Verb{"ls", "List what is there", "", ls_examples, get_exits, make_ls},
    cli::Verb{"get", "Fetch files", get_text, get_examples, get_exits, make_get},
    cli::Verb{"put", "Store files", put_text, put_examples, put_exits, make_put},
    cli::Verb{"time", "Tell the time at the server", "", time_examples, {}, make_time},
    cli::Verb{"info", "Tell what the server says of itself", "", info_examples, {}, make_info},
    cli::Verb{"menu", "Choose by numbers, on a terminal", "", menu_examples, {}, make_menu},
};

constexpr std::string_view manual_text = R"(
Started in a folder, it lets everybody read that folder: netkit, browsers, `curl -O`, and people
with nc (`list`, `get NAME`). Nothing else is reached: paths are resolved beneath the open folder,
`..` is refused, links are not followed, and where the kernel has Landlock the process can open
nothing else but its state and configuration; `netkit filesrv info` says which walls are up.

Putting needs `--upload` and never replaces a file unless the client asks with `--overwrite`;
`--drop-box` takes files and shows none. `--upload-max` and `--upload-total` bound what strangers
may fill. With `--require-auth` (`netkit-auth`(1)) the scopes are filesrv:read and filesrv:write,
or filesrv:read:NAME of one of several folders (NAME=DIR).

A file is `NAME.part` until each byte has been checked against SHA-256 hashes that travel with it;
then it is synced and renamed. What broke off stays so, and `--resume` moves only what is missing
or damaged.

# FILES

`STATE/tls-cert.pem`, `STATE/tls-key.pem` :: The certificate the server made for itself.

# EVENTS

`walls` :: `beneath`, `landlock`, `no_new_privileges`: what keeps it in its folders.

`list`, `get`, `put`, `stored` :: `address`, `port`, `user`, `path`; of what was stored `size`.
`authz_fail` has `user`, `verb` and `path` as well.
)";
constexpr auto manual_bytes = cli::packed<cli::packed_size(manual_text)>(manual_text);

}  // namespace

constinit const cli::Command command{.name = "filesrv",
                                     .summary = "List, fetch and store files",
                                     .verbs = verbs,
                                     .manual = cli::view_of(manual_bytes)};

}  // namespace netkit::filesrv
