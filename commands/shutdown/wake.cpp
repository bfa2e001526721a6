// Magic packets over UDP, by one socket a family that may broadcast.
#include "commands/shutdown/wake.hpp"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/ip/udp.hpp>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <optional>

#include "net/spawn.hpp"

namespace netkit::shutdown {
namespace {

/// More interfaces than any host has that wakes others; bridges of containers go beyond.
constexpr std::size_t interfaces_max = 256;

void add_target(std::vector<asio::ip::address>& targets, const asio::ip::address& target) {
  if (std::find(targets.begin(), targets.end(), target) == targets.end()) targets.push_back(target);
}

std::optional<asio::ip::address> broadcast_of(const ifaddrs& interface) {
  const bool can =
      (interface.ifa_flags & IFF_UP) != 0 && (interface.ifa_flags & IFF_BROADCAST) != 0;
  if (!can || !interface.ifa_addr || interface.ifa_addr->sa_family != AF_INET ||
      !interface.ifa_broadaddr)
    return std::nullopt;
  const auto* address = reinterpret_cast<const sockaddr_in*>(interface.ifa_broadaddr);
  return asio::ip::address_v4{ntohl(address->sin_addr.s_addr)};
}

/// Opened at the first packet of its family: a host without IPv6 wakes by IPv4 all the same.
asio::ip::udp::socket& open_for(const asio::ip::udp::endpoint& to, asio::ip::udp::socket& v4,
                                asio::ip::udp::socket& v6, std::error_code& failed) {
  asio::ip::udp::socket& socket = to.address().is_v4() ? v4 : v6;
  failed.clear();
  if (socket.is_open()) return socket;
  socket.open(to.protocol(), failed);
  if (!failed) socket.set_option(asio::socket_base::broadcast{true}, failed);
  return socket;
}

}  // namespace

std::array<char, magic_packet_size> magic_packet(const HardwareAddress& address) {
  std::array<char, magic_packet_size> packet;
  auto at = std::fill_n(packet.begin(), 6, '\xff');
  while (at != packet.end())
    at = std::copy(address.begin(), address.end(), at);
  return packet;
}

std::vector<asio::ip::address> wake_targets(std::string_view last_address) {
  std::vector<asio::ip::address> targets;
  ifaddrs* listed = nullptr;
  // Without a list the two addresses below are still worth a packet.
  if (getifaddrs(&listed) != 0) listed = nullptr;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner{listed, freeifaddrs};
  for (const ifaddrs* at = listed; at && targets.size() < interfaces_max; at = at->ifa_next)
    if (const auto broadcast = broadcast_of(*at)) add_target(targets, *broadcast);
  add_target(targets, asio::ip::address_v4::broadcast());

  std::error_code failed;
  const auto last = asio::ip::make_address(last_address, failed);
  if (!failed && !last.is_unspecified()) add_target(targets, last);
  return targets;
}

asio::awaitable<Result<std::size_t>> send_magic_packets_to(std::vector<HardwareAddress> addresses,
                                                           std::vector<asio::ip::address> targets,
                                                           std::uint16_t port) {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::udp::socket v4{executor};
  asio::ip::udp::socket v6{executor};
  std::size_t sent = 0;
  std::error_code first_failure;
  for (const asio::ip::address& target : targets) {
    const asio::ip::udp::endpoint to{target, port};
    for (const HardwareAddress& address : addresses) {
      const auto packet = magic_packet(address);
      std::error_code failed;
      asio::ip::udp::socket& socket = open_for(to, v4, v6, failed);
      if (!failed) co_await socket.async_send_to(asio::buffer(packet), to, net::into(failed));
      if (!failed)
        ++sent;
      else if (!first_failure)
        first_failure = failed;
    }
  }
  if (sent == 0 && first_failure) co_return Error{first_failure, "send a magic packet"};
  co_return sent;
}

asio::awaitable<Result<std::size_t>> send_magic_packets(std::vector<HardwareAddress> addresses,
                                                        std::string last_address) {
  co_return co_await send_magic_packets_to(std::move(addresses), wake_targets(last_address),
                                           wake_port);
}

}  // namespace netkit::shutdown
