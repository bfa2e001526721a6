// One pass over the tables for sockets, one over the processes for who holds them.
#include "commands/doctor/ports.hpp"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace netkit::doctor {
namespace {

constexpr unsigned listening = 10;         // TCP_LISTEN
constexpr unsigned rows_max = 32'768;      // Of one table.
constexpr unsigned links_max = 1'000'000;  // Of open files, in all processes.
constexpr std::size_t inodes_max = 256;    // A server has a socket a thread and family.

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

bool find_sockets(const char* path, bool tcp, std::vector<PortUse>& ports) {
  const std::unique_ptr<std::FILE, CloseFile> table{std::fopen(path, "re")};
  std::array<char, 512> line;
  for (unsigned rows = 0;
       table && rows < rows_max && std::fgets(line.data(), line.size(), table.get()); ++rows) {
    const std::optional<SocketRow> row = read_socket_row(line.data());
    if (!row || (tcp && row->state != listening)) continue;
    for (PortUse& use : ports)
      if (use.port.number == row->port && (use.port.carrier == net::Carrier::tcp) == tcp &&
          use.inodes.size() < inodes_max)
        use.inodes.push_back(row->inode);
  }
  return table != nullptr;
}

void add_owner(std::string& owners, const std::string& process) {
  const auto name = read_file("/proc/" + process + "/comm", 64);
  const std::string owner =
      (name ? escape_for_display(trim(*name)) : "?") + " (pid " + process + ")";
  if (owners.find(owner) != std::string::npos) return;
  if (!owners.empty()) owners += ", ";
  owners += owner;
}

/// The inode of the socket that this open file is; 0 for any other.
std::uint64_t socket_inode(int folder, const char* name) {
  std::array<char, 64> link{};  // A zero behind what is read.
  std::uint64_t inode = 0;
  if (::readlinkat(folder, name, link.data(), link.size() - 1) < 0 ||
      std::sscanf(link.data(), "socket:[%" SCNu64 "]", &inode) != 1)
    return 0;
  return inode;
}

void find_owners(std::vector<PortUse>& ports) {
  const Folder processes{::opendir("/proc")};
  unsigned links = 0;
  while (const dirent* const process = processes ? ::readdir(processes.get()) : nullptr) {
    const std::string number = process->d_name;
    if (number.front() < '1' || number.front() > '9') continue;
    const Folder files{::opendir(("/proc/" + number + "/fd").c_str())};
    while (const dirent* const file = files ? ::readdir(files.get()) : nullptr) {
      if (++links > links_max) return;
      const std::uint64_t inode = socket_inode(::dirfd(files.get()), file->d_name);
      if (inode == 0) continue;
      for (PortUse& use : ports)
        if (std::find(use.inodes.begin(), use.inodes.end(), inode) != use.inodes.end())
          add_owner(use.owner, number);
    }
  }
}

}  // namespace

std::optional<SocketRow> read_socket_row(const char* line) {
  // "  sl: LOCAL:PORT REMOTE:PORT STATE QUEUES TIMER RETRANSMITS UID TIMEOUT INODE ..."
  SocketRow row;
  const int read =
      std::sscanf(line, " %*u: %*32[0-9A-F]:%4hx %*[0-9A-F:] %x %*s %*s %*s %*u %*u %" SCNu64,
                  &row.port, &row.state, &row.inode);
  return read == 3 ? std::optional{row} : std::nullopt;
}

std::vector<PortUse> look_at_ports() {
  std::vector<PortUse> ports(net::service_ports.size());
  for (std::size_t i = 0; i < ports.size(); ++i)
    ports[i].port = net::service_ports[i];
  // Without IPv6 in the kernel there are no tables of it.
  find_sockets("/proc/net/tcp6", true, ports);
  find_sockets("/proc/net/udp6", false, ports);
  if (!find_sockets("/proc/net/tcp", true, ports) || !find_sockets("/proc/net/udp", false, ports))
    return {};
  find_owners(ports);
  return ports;
}

}  // namespace netkit::doctor
