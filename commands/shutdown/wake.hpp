// Magic packets, which wake hosts that listen for them in their network card. Sends and forgets:
// whether a host woke shows when its agent comes back.
#pragma once

#include <array>
#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/shutdown/protocol.hpp"

namespace netkit::shutdown {

inline constexpr std::size_t magic_packet_size = 6 + 16 * 6;
inline constexpr std::uint16_t wake_port = 9;  ///< Discard: nothing else is to make sense of it.

/// 6 x FF, then 16 x the address (AMD publication 20213, "Magic Packet Technology").
std::array<char, magic_packet_size> magic_packet(const HardwareAddress& address);

/// Where packets for a host go: the broadcast address of each interface that is up, the limited
/// broadcast 255.255.255.255, and `last_address` unless it is no IP address.
std::vector<asio::ip::address> wake_targets(std::string_view last_address);

/// Sends a packet for each of `addresses` to each of `targets` and answers how many the kernel
/// took. What one target refuses keeps no other from its packets; an error if none was taken.
asio::awaitable<Result<std::size_t>> send_magic_packets_to(std::vector<HardwareAddress> addresses,
                                                           std::vector<asio::ip::address> targets,
                                                           std::uint16_t port);

/// The same to wake_targets() and the port for it. Zero packets without addresses.
asio::awaitable<Result<std::size_t>> send_magic_packets(std::vector<HardwareAddress> addresses,
                                                        std::string last_address);

}  // namespace netkit::shutdown
