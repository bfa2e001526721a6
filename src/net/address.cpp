// Parses networks and tests addresses against them.
#include "net/address.hpp"

#include <algorithm>
#include <array>
#include <asio/ip/address_v4.hpp>
#include <asio/ip/address_v6.hpp>
#include <charconv>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.hpp"

namespace netkit::net {
namespace {

asio::ip::address_v6::bytes_type wide_bytes(const asio::ip::address& address) {
  if (address.is_v6()) return address.to_v6().to_bytes();
  return asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes();
}

bool same_prefix(const asio::ip::address_v6::bytes_type& left,
                 const asio::ip::address_v6::bytes_type& right, unsigned bits) {
  for (unsigned i = 0; i < bits; ++i) {
    const unsigned mask = 0x80u >> i % 8;
    if ((left[i / 8] & mask) != (right[i / 8] & mask)) return false;
  }
  return true;
}

using NameCall = int(int, sockaddr*, socklen_t*);

std::optional<asio::ip::tcp::endpoint> endpoint_by(NameCall* name, int socket) {
  asio::ip::tcp::endpoint found;
  auto size = static_cast<socklen_t>(found.capacity());
  if (name(socket, found.data(), &size) != 0) return std::nullopt;
  const int family = found.data()->sa_family;
  if (family != AF_INET && family != AF_INET6) return std::nullopt;
  found.address(plain(found.address()));
  return found;
}

}  // namespace

asio::ip::address plain(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

std::optional<asio::ip::tcp::endpoint> peer_endpoint(int socket) {
  return endpoint_by(getpeername, socket);
}

std::optional<asio::ip::tcp::endpoint> local_endpoint(int socket) {
  return endpoint_by(getsockname, socket);
}

Result<Network> Network::parse(std::string_view text) {
  const Error malformed{Errc::usage, "read '" + escape_for_display(text) + "' as a network",
                        "write ADDRESS or ADDRESS/PREFIX, such as 192.168.0.0/16 or fd00::/8"};
  const std::size_t slash = text.find('/');
  std::error_code failed;
  Network network;
  network.first_ = plain(asio::ip::make_address(std::string{text.substr(0, slash)}, failed));
  if (failed) return malformed;
  const unsigned bits_max = network.first_.is_v4() ? 32 : 128;
  network.prefix_length_ = bits_max;
  if (slash == std::string_view::npos) return network;

  const std::string_view digits = text.substr(slash + 1);
  const auto [rest, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), network.prefix_length_);
  if (problem != std::errc{} || rest != digits.data() + digits.size()) return malformed;
  if (network.prefix_length_ > bits_max) return malformed;
  return network;
}

bool Network::contains(const asio::ip::address& address) const {
  const asio::ip::address candidate = plain(address);
  if (candidate.is_v4() != first_.is_v4()) return false;
  const unsigned skipped = first_.is_v4() ? 96 : 0;
  return same_prefix(wide_bytes(first_), wide_bytes(candidate), prefix_length_ + skipped);
}

std::string Network::text() const {
  return first_.to_string() + "/" + std::to_string(prefix_length_);
}

bool AccessList::allows(const asio::ip::address& address) const {
  const auto has = [&](const Network& network) { return network.contains(address); };
  if (std::any_of(deny.begin(), deny.end(), has)) return false;
  return allow.empty() || std::any_of(allow.begin(), allow.end(), has);
}

}  // namespace netkit::net
