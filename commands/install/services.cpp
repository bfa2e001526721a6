// A row a server. Ports are those that the server takes without --listen.
#include "commands/install/services.hpp"

#include <array>

namespace netkit::install {
namespace {

constexpr std::string_view tls = "tls-cert tls-key";

constexpr std::array rows{
    Service{.name = "echo",
            .summary = "echo server, to test links with",
            .start = "echo serve",
            .socket = "ListenStream=9090\nListenDatagram=9090\n",
            .secrets = tls,
            .own = {}},
    Service{.name = "auth",
            .summary = "accounts, sessions and tokens",
            .start = "auth serve",
            .socket = "ListenStream=9091\n",
            .secrets = "tls-cert tls-key pepper-file store-password-file",
            .own = "# Hashing is measured against /proc/meminfo, and runs at a low priority.\n",
            .system_calls = "setpriority",
            .whole_proc = true},
    Service{.name = "shutdown-server",
            .summary = "turns hosts off, and knows that they are",
            .start = "shutdown-server serve",
            .socket = "ListenStream=8765\n",
            .secrets = tls,
            .own = "# Netlink tells where magic packets and probes have to go.\n",
            .families = " AF_NETLINK"},
    Service{.name = "shutdown-agent",
            .summary = "turns this host off when its server says so",
            .start = "shutdown-agent $SERVERS",
            .socket = {},
            .secrets = "token-file",
            .own =
                "# Runs as root, because turning a machine off is root's: systemd lets user 0 do "
                "it without a\n"
                "# question. It has no capability, and writes to its state alone. --exec and the "
                "programs in\n"
                "# /etc/netkit/pre-shutdown.d run within the same walls; a drop-in can lower "
                "them.\n"
                "# Ready means obeying, which waits for the server: so nothing waits for it.\n"
                "# Enrol once: netkit shutdown-agent enrol HOST --code-file FILE. Which servers: "
                "a drop-in, or\n"
                "# a line SERVERS=HOST HOST in the file.\n"
                "Environment=SERVERS=127.0.0.1\n"
                "EnvironmentFile=-/etc/netkit/shutdown-agent.env\n",
            .families = " AF_NETLINK",
            .hears_others = false,
            .root = true,
            .whole_proc = true},
    Service{.name = "relay",
            .summary = "text chat over linked servers",
            .start = "relay",
            .socket = "ListenStream=2000\n",
            .secrets = "tls-cert tls-key link-token-file store-password-file",
            .own = {}},
    Service{.name = "presenced",
            .summary = "who is here",
            .start = "presenced run",
            .socket = {},
            .secrets = "tls-cert tls-key link-token-file store-password-file",
            .own = "# Netlink tells of interfaces that come up later.\n",
            .families = " AF_NETLINK"},
    Service{.name = "filesrv",
            .summary = "files of one folder",
            .start = "filesrv serve $OPTIONS ${FOLDER}",
            .socket = "ListenStream=9092\n",
            .secrets = tls,
            .own = "# Another folder: a drop-in, or a line FOLDER=/srv/pub in the file. The server "
                   "reads what\n"
                   "# everybody may, and nothing of people's homes. To take files as well, in a "
                   "drop-in:\n"
                   "#   Environment=OPTIONS=--upload\n"
                   "#   ReadWritePaths=/srv/pub\n"
                   "#   SupplementaryGroups=a group that may write there\n"
                   "Environment=FOLDER=/srv/netkit OPTIONS=\n"
                   "EnvironmentFile=-/etc/netkit/filesrv.env\n"},
};

}  // namespace

std::span<const Service> services() {
  return rows;
}

const Service* find_service(std::string_view name) {
  for (const Service& each : rows)
    if (each.name == name) return &each;
  return nullptr;
}

}  // namespace netkit::install
