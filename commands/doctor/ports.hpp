// Who has the ports of netkit's servers on this machine: the kernel's tables of sockets, and the
// processes that hold them. Reads /proc alone.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "commands/doctor/findings.hpp"

namespace netkit::doctor {

struct SocketRow {
  std::uint16_t port = 0;
  unsigned state = 0;  ///< As the kernel counts: 10 is a listening TCP socket.
  std::uint64_t inode = 0;
};

/// A line of /proc/net/tcp, tcp6, udp or udp6 (proc(5)); nullopt for its heading and for nonsense.
std::optional<SocketRow> read_socket_row(const char* line);

/// All of net::service_ports, with who has them as far as this user may see; none if the tables are
/// not to be read. Waits for nobody; of very long tables only the beginning is read, where the
/// listening sockets are.
std::vector<PortUse> look_at_ports();

}  // namespace netkit::doctor
