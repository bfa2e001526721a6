// The groups that presence is found by (INTERFACE.md, "Addresses"): peers and daemons say to them
// that they are here.
#pragma once

#include "net/limits.hpp"
#include "net/multicast.hpp"

namespace netkit::net {

inline constexpr std::size_t presence_datagram_max = 1200;  ///< Fits any path, also a tunnel.

inline MulticastOptions presence_group(std::uint16_t port = presence_group_port) {
  MulticastOptions group;
  group.group_v4 = asio::ip::make_address_v4("239.255.42.99");
  group.group_v6 = asio::ip::make_address_v6("ff15::4e4b");
  group.port = port;
  group.size_max = presence_datagram_max;
  return group;
}

}  // namespace netkit::net
