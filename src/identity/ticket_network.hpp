// Blocks of addresses that limit a ticket, as bytes and as text. An IPv4 address inside an IPv6 one
// is what it is. Pure; the net layer, which has Asio's addresses, is above this one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace netkit::identity {

struct TicketNetwork {
  std::string first;    ///< 4 or 16 bytes in network order, zero past the prefix.
  unsigned prefix = 0;  ///< Leading bits that count.
};

/// "192.0.2.1", "192.0.2.77/24", "2001:db8::/32"; bits past the prefix are dropped.
std::optional<TicketNetwork> parse_network(std::string_view text);

/// "192.0.2.0/24"; without the length if all bits count.
std::string to_text(const TicketNetwork& network);

/// u8 prefix length | 4 or 16 bytes
std::string encode_network(const TicketNetwork& network);
std::optional<TicketNetwork> decode_network(std::string_view bytes);

/// False for what is no address; a zone ("%eth0") does not count.
bool contains(const TicketNetwork& network, std::string_view address);

}  // namespace netkit::identity
