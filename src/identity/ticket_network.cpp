// Addresses by inet_pton(3), which takes no short forms such as "127.1" or "010.0.0.1".
#include "identity/ticket_network.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>

namespace netkit::identity {
namespace {

constexpr std::string_view mapped_prefix{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};
constexpr unsigned mapped_bits = 96;

/// 4 or 16 bytes; IPv4 addresses inside IPv6 ones are left as they stand.
std::optional<std::string> address_bytes(std::string_view text) {
  const std::string terminated{text};
  if (terminated.find('\0') != terminated.npos) return std::nullopt;
  const bool six = text.find(':') != text.npos;
  std::string bytes(six ? sizeof(in6_addr) : sizeof(in_addr), '\0');
  if (::inet_pton(six ? AF_INET6 : AF_INET, terminated.c_str(), bytes.data()) != 1)
    return std::nullopt;
  return bytes;
}

/// Zeroes what the prefix does not cover.
void cut(TicketNetwork& network) {
  for (std::size_t i = 0; i < network.first.size(); ++i) {
    const unsigned before = static_cast<unsigned>(i) * 8;
    const unsigned kept = network.prefix > before ? std::min(8u, network.prefix - before) : 0;
    network.first[i] = static_cast<char>(network.first[i] & (0xff00 >> kept & 0xff));
  }
}

TicketNetwork unmapped(TicketNetwork network) {
  if (network.prefix >= mapped_bits && network.first.starts_with(mapped_prefix))
    return {network.first.substr(mapped_prefix.size()), network.prefix - mapped_bits};
  return network;
}

}  // namespace

std::optional<TicketNetwork> parse_network(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  auto bytes = address_bytes(text.substr(0, slash));
  if (!bytes) return std::nullopt;
  const auto bits = static_cast<unsigned>(bytes->size() * 8);
  TicketNetwork network{*std::move(bytes), bits};
  if (slash != text.size()) {
    const std::string_view length = text.substr(slash + 1);
    const char* const end = length.data() + length.size();
    const auto [stopped, failed] = std::from_chars(length.data(), end, network.prefix);
    if (failed != std::errc{} || stopped != end || network.prefix > bits) return std::nullopt;
  }
  network = unmapped(std::move(network));
  cut(network);
  return network;
}

std::string to_text(const TicketNetwork& network) {
  char text[INET6_ADDRSTRLEN] = {};
  const bool six = network.first.size() == sizeof(in6_addr);
  ::inet_ntop(six ? AF_INET6 : AF_INET, network.first.data(), text, sizeof text);
  if (network.prefix == network.first.size() * 8) return text;
  return std::string{text} + "/" + std::to_string(network.prefix);
}

std::string encode_network(const TicketNetwork& network) {
  return static_cast<char>(network.prefix) + network.first;
}

std::optional<TicketNetwork> decode_network(std::string_view bytes) {
  if (bytes.size() != 1 + sizeof(in_addr) && bytes.size() != 1 + sizeof(in6_addr))
    return std::nullopt;
  const unsigned prefix = static_cast<unsigned char>(bytes.front());
  if (prefix > (bytes.size() - 1) * 8) return std::nullopt;
  return TicketNetwork{std::string{bytes.substr(1)}, prefix};
}

bool contains(const TicketNetwork& network, std::string_view address) {
  if (address.find(':') != address.npos) address = address.substr(0, address.find('%'));
  if (address.find('/') != address.npos) return false;
  auto found = parse_network(address);
  if (!found || found->first.size() != network.first.size()) return false;
  found->prefix = network.prefix;
  cut(*found);
  return found->first == network.first;
}

}  // namespace netkit::identity
