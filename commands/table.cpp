// One row a command, in the order `netkit --list` prints them.
#include "commands/table.hpp"

#include <array>

#include "cli/builtin.hpp"
#include "commands/auth/auth.hpp"
#include "commands/doctor/doctor.hpp"
#include "commands/echo/echo.hpp"
#include "commands/filesrv/filesrv.hpp"
#include "commands/install/install.hpp"
#include "commands/manual/manual.hpp"
#include "commands/presence/discover.hpp"
#include "commands/presence/peer.hpp"
#include "commands/presence/presenced.hpp"
#include "commands/relay/chat.hpp"
#include "commands/relay/relay.hpp"
#include "commands/shutdown/shutdown.hpp"
#include "commands/top/top.hpp"
#include "net/limits.hpp"
#include "net/service_ports.hpp"

namespace netkit::commands {

using net::Carrier;
using net::service_port;
static_assert(service_port(Carrier::tcp, "echo") == echo::port);
static_assert(service_port(Carrier::udp, "echo") == echo::port);
static_assert(service_port(Carrier::tcp, "auth") == auth::port);
static_assert(service_port(Carrier::tcp, "shutdown-server") == shutdown::port);
static_assert(service_port(Carrier::tcp, "relay") == relay::port);
static_assert(service_port(Carrier::tcp, "presenced") == presence::port);
static_assert(service_port(Carrier::sctp, "presenced") == presence::sctp_port);
static_assert(service_port(Carrier::udp, "presence group") == net::presence_group_port);
static_assert(service_port(Carrier::tcp, "filesrv") == filesrv::port);

cli::Table table() {
  static const std::array rows{
      echo::command,
      auth::command,
      shutdown::server_command,
      shutdown::agent_command,
      relay::relay_command,
      relay::chat_command,
      presence::presenced_command,
      presence::peer_command,
      filesrv::command,
      presence::discover_command,
      doctor::command,
      top::command,
      install::install_command,
      install::unit_command,
      cli::help_builtin,
      manual::command,
      cli::completion_builtin,
  };
  return rows;
}

std::vector<ManualPage> manual_pages() {
  std::vector<ManualPage> pages;
  for (const std::string_view name : manual::page_names(table())) {
    const char section = name == "netkit.toml" ? '5' : name == "netkit-wire" ? '7' : '1';
    pages.push_back({(name.starts_with("netkit") ? "" : "netkit-") + std::string{name}, section,
                     manual::page_of(name, table()).value_or("")});
  }
  return pages;
}

}  // namespace netkit::commands
