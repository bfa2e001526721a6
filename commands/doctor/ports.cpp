// One pass over the tables for sockets, one over the processes for who holds them.
#include "commands/doctor/ports.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace netkit::doctor {
namespace {

constexpr std::size_t table_read_max = 4 * 1024 * 1024;
constexpr unsigned listening = 10;         // TCP_LISTEN
constexpr std::size_t held_max = 256;      // A server has a socket a thread and family.
constexpr unsigned links_max = 1'000'000;  // Of open files, in all processes.
constexpr std::string_view socket_link = "socket:[";

struct Held {
  std::size_t service;  // In net::service_ports.
  std::uint64_t inode;
};

template <typename T>
bool read_number(std::string_view text, T& value, int base) {
  const char* const end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, value, base);
  return failed == std::errc{} && rest == end;
}

/// read_file() would refuse a table that is too long, and its beginning tells enough.
Result<std::string> read_start(const char* path) {
  const FileDescriptor file{::open(path, O_RDONLY | O_CLOEXEC)};
  if (!file) return errno_error(std::string{"read "} + path);
  std::string text;
  while (text.size() < table_read_max) {
    std::array<char, 16 * 1024> piece;
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text;
}

void find_sockets(std::string_view table, bool tcp, std::vector<Held>& held) {
  for (const std::string_view line : split(table, '\n')) {
    const std::optional<SocketRow> row = read_socket_row(line);
    if (!row || (tcp && row->state != listening)) continue;
    for (std::size_t i = 0; i < net::service_ports.size() && held.size() < held_max; ++i)
      if (net::service_ports[i].number == row->port &&
          (net::service_ports[i].carrier == net::Carrier::tcp) == tcp)
        held.push_back({i, row->inode});
  }
}

void add_owner(TakenPort& port, const std::string& process) {
  const auto name = read_file("/proc/" + process + "/comm", 64);
  const std::string shown = name ? escape_for_display(trim(*name)) : "?";
  const std::string owner = shown + " (pid " + process + ")";
  if (port.owner.find(owner) != std::string::npos) return;
  port.owner += (port.owner.empty() ? "" : ", ") + owner;
}

/// The inode of the socket that this open file is; 0 for any other.
std::uint64_t socket_inode(const std::string& path) {
  std::array<char, 64> link;
  const ssize_t size = ::readlink(path.c_str(), link.data(), link.size());
  std::string_view text{link.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  std::uint64_t inode = 0;
  if (!text.starts_with(socket_link) || !text.ends_with(']')) return 0;
  text.remove_prefix(socket_link.size());
  text.remove_suffix(1);
  return read_number(text, inode, 10) ? inode : 0;
}

void find_owners(const std::vector<Held>& held, std::vector<TakenPort>& ports) {
  const Folder processes{::opendir("/proc")};
  unsigned links = 0;
  while (const dirent* const process = processes ? ::readdir(processes.get()) : nullptr) {
    const std::string number = process->d_name;
    if (number.front() < '1' || number.front() > '9') continue;
    const std::string path = "/proc/" + number + "/fd";
    const Folder files{::opendir(path.c_str())};
    while (const dirent* const file = files ? ::readdir(files.get()) : nullptr) {
      if (++links > links_max) return;
      const std::uint64_t inode = socket_inode(path + "/" + file->d_name);
      for (const Held& each : held)
        if (inode != 0 && each.inode == inode) add_owner(ports[each.service], number);
    }
  }
}

}  // namespace

std::optional<SocketRow> read_socket_row(std::string_view line) {
  // "  sl: LOCAL:PORT REMOTE:PORT STATE QUEUES TIMER RETRANSMITS UID TIMEOUT INODE ..."
  std::array<std::string_view, 10> fields;
  std::size_t count = 0;
  for (const std::string_view field : split(line, ' '))
    if (!field.empty() && count < fields.size()) fields[count++] = field;
  const std::size_t colon = fields[1].rfind(':');
  SocketRow row;
  if (count < fields.size() || colon == std::string_view::npos ||
      !read_number(fields[1].substr(colon + 1), row.port, 16) ||
      !read_number(fields[3], row.state, 16) || !read_number(fields[9], row.inode, 10))
    return std::nullopt;
  return row;
}

Result<std::vector<TakenPort>> look_at_ports() {
  std::vector<Held> held;
  for (const char* const path :
       {"/proc/net/tcp", "/proc/net/udp", "/proc/net/tcp6", "/proc/net/udp6"}) {
    const bool tcp = path[10] == 't';
    const Result<std::string> table = read_start(path);
    // Without IPv6 in the kernel there is no table of it.
    if (!table && !std::string_view{path}.ends_with('6')) return table.error();
    if (table) find_sockets(*table, tcp, held);
  }
  std::vector<TakenPort> all;
  for (const net::ServicePort& each : net::service_ports)
    all.push_back({each, {}});
  if (!held.empty()) find_owners(held, all);
  std::vector<TakenPort> taken;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (std::any_of(held.begin(), held.end(), [&](const Held& each) { return each.service == i; }))
      taken.push_back(std::move(all[i]));
  return taken;
}

}  // namespace netkit::doctor
