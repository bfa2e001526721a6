// getifaddrs(3) with what replaces it where netlink is refused.
#include "net/interfaces.hpp"

#include <algorithm>
#include <cstring>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <optional>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/file.hpp"
#include "base/hex.hpp"
#include "base/text.hpp"

namespace netkit::net {
namespace {

constexpr std::size_t proc_size_max = 1024 * 1024;

void set_flags(Interface& interface, unsigned flags) {
  interface.up = (flags & IFF_UP) != 0;
  interface.running = interface.up && (flags & IFF_RUNNING) != 0;
  interface.multicast = (flags & IFF_MULTICAST) != 0;
  interface.loopback = (flags & IFF_LOOPBACK) != 0;
}

void add_address(Interface& interface, const sockaddr* at) {
  if (at->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, at, sizeof v4);
    interface.addresses.emplace_back(asio::ip::address_v4{ntohl(v4.sin_addr.s_addr)});
  } else if (at->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, at, sizeof v6);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    interface.addresses.emplace_back(asio::ip::address_v6{bytes, v6.sin6_scope_id});
  }
}

Interface* find(std::vector<Interface>& all, std::string_view name) {
  const auto at = std::find_if(all.begin(), all.end(),
                               [&](const Interface& each) { return each.name == name; });
  return at == all.end() ? nullptr : &*at;
}

/// Links stand before addresses in the list, and each link has its index in a packet address.
std::vector<Interface> from_list(const ifaddrs* first) {
  std::vector<Interface> all;
  for (const ifaddrs* each = first; each; each = each->ifa_next) {
    if (!each->ifa_addr) continue;
    // An IPv4 address is listed under its label, "eth0:1".
    std::string_view name = each->ifa_name;
    name = name.substr(0, name.find(':'));
    Interface* known = find(all, name);
    if (each->ifa_addr->sa_family != AF_PACKET) {
      if (known) add_address(*known, each->ifa_addr);
      continue;
    }
    sockaddr_ll link;
    std::memcpy(&link, each->ifa_addr, sizeof link);
    if (!known) known = &all.emplace_back();
    known->index = static_cast<unsigned>(link.sll_ifindex);
    known->name = name;
    set_flags(*known, each->ifa_flags);
  }
  return all;
}

std::optional<Interface> by_ioctl(int socket, std::string_view name) {
  ifreq request{};
  if (name.empty() || name.size() >= sizeof request.ifr_name) return std::nullopt;
  std::memcpy(request.ifr_name, name.data(), name.size());
  Interface found;
  found.name = name;
  if (ioctl(socket, SIOCGIFINDEX, &request) != 0) return std::nullopt;
  found.index = static_cast<unsigned>(request.ifr_ifindex);
  if (ioctl(socket, SIOCGIFFLAGS, &request) != 0) return std::nullopt;
  set_flags(found, static_cast<unsigned short>(request.ifr_flags));
  if (ioctl(socket, SIOCGIFADDR, &request) == 0) add_address(found, &request.ifr_addr);
  return found;
}

// /proc/net/if_inet6: ADDRESS(32 digits) INDEX PREFIX SCOPE FLAGS(all hexadecimal) NAME
void add_v6_line(std::vector<Interface>& all, std::string_view line) {
  const std::size_t space = line.find(' ');
  const std::optional<std::string> address = from_hex(line.substr(0, space));
  const std::size_t name = line.rfind(' ');
  if (!address || address->size() != 16 || name == std::string_view::npos) return;
  Interface* const interface = find(all, line.substr(name + 1));
  if (!interface) return;
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), address->data(), bytes.size());
  asio::ip::address_v6 v6{bytes};
  if (v6.is_link_local()) v6.scope_id(interface->index);
  interface->addresses.emplace_back(v6);
}

Result<std::vector<Interface>> without_netlink() {
  const FileDescriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!socket) return errno_error("list the network interfaces");
  const Result<std::string> names = read_file("/proc/net/dev", proc_size_max);
  if (!names) return names.error();
  std::vector<Interface> all;
  for (const std::string_view line : split(*names, '\n')) {
    const std::size_t colon = line.find(':');  // The two lines of headings have none.
    if (colon == std::string_view::npos) continue;
    if (auto found = by_ioctl(socket.get(), trim(line.substr(0, colon))))
      all.push_back(std::move(*found));
  }
  const Result<std::string> v6 = read_file("/proc/net/if_inet6", proc_size_max);
  if (!v6) return all;  // A kernel without IPv6.
  for (const std::string_view line : split(*v6, '\n'))
    add_v6_line(all, line);
  return all;
}

}  // namespace

bool Interface::has(bool v6) const {
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const asio::ip::address& each) { return each.is_v6() == v6; });
}

Result<std::vector<Interface>> read_interfaces() {
  Result<std::vector<Interface>> all = std::vector<Interface>{};
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) == 0) {
    all = from_list(list);
    freeifaddrs(list);
  } else {
    all = without_netlink();
  }
  if (all)
    std::sort(all->begin(), all->end(), [](const Interface& left, const Interface& right) {
      return left.index < right.index;
    });
  return all;
}

}  // namespace netkit::net
