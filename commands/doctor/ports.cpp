// One pass over the tables for sockets, one over the processes for who holds them.
#include "commands/doctor/ports.hpp"

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
constexpr std::size_t held_max = 256;      // A server has a socket a thread and family.

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

struct Held {
  std::size_t service;  // In net::service_ports.
  std::uint64_t inode;
};

bool find_sockets(const char* path, bool tcp, std::vector<Held>& held) {
  const std::unique_ptr<std::FILE, CloseFile> table{std::fopen(path, "re")};
  std::array<char, 512> line;
  for (unsigned rows = 0;
       table && rows < rows_max && std::fgets(line.data(), line.size(), table.get()); ++rows) {
    const std::optional<SocketRow> row = read_socket_row(line.data());
    if (!row || (tcp && row->state != listening)) continue;
    for (std::size_t i = 0; i < net::service_ports.size() && held.size() < held_max; ++i)
      if (net::service_ports[i].number == row->port &&
          (net::service_ports[i].carrier == net::Carrier::tcp) == tcp)
        held.push_back({i, row->inode});
  }
  return table != nullptr;
}

void add_owner(std::string& owners, const std::string& process) {
  const auto name = read_file("/proc/" + process + "/comm", 64);
  const std::string owner =
      text_of({name ? escape_for_display(trim(*name)) : "?", " (pid ", process, ")"});
  if (owners.find(owner) == std::string::npos)
    owners += text_of({owners.empty() ? "" : ", ", owner});
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

void find_owners(const std::vector<Held>& held, std::vector<TakenPort>& ports) {
  const Folder processes{::opendir("/proc")};
  unsigned links = 0;
  while (const dirent* const process = processes ? ::readdir(processes.get()) : nullptr) {
    const std::string number = process->d_name;
    if (number.front() < '1' || number.front() > '9') continue;
    const Folder files{::opendir(("/proc/" + number + "/fd").c_str())};
    while (const dirent* const file = files ? ::readdir(files.get()) : nullptr) {
      if (++links > links_max) return;
      const std::uint64_t inode = socket_inode(::dirfd(files.get()), file->d_name);
      for (const Held& each : held)
        if (inode != 0 && each.inode == inode) add_owner(ports[each.service].owner, number);
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

Result<std::vector<TakenPort>> look_at_ports() {
  std::vector<Held> held;
  // Without IPv6 in the kernel there are no tables of it.
  if (!find_sockets("/proc/net/tcp", true, held) || !find_sockets("/proc/net/udp", false, held))
    return errno_error("read /proc/net");
  find_sockets("/proc/net/tcp6", true, held);
  find_sockets("/proc/net/udp6", false, held);
  std::vector<TakenPort> all(net::service_ports.size());
  std::vector<TakenPort> taken;
  if (held.empty()) return taken;
  find_owners(held, all);
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const Held& each : held)
      if (each.service == i) {
        taken.push_back({net::service_ports[i], all[i].owner});
        break;
      }
  return taken;
}

}  // namespace netkit::doctor
