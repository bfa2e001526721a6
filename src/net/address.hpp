// Addresses of peers: how they are shown, and lists of networks that decide who may connect
// (--allow, --deny); and our own name. Opens no socket.
#pragma once

#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace netkit::net {

/// An IPv4 address inside an IPv6 one (::ffff:192.0.2.1) as what it is; others unchanged.
asio::ip::address plain(const asio::ip::address& address);

/// The address and port that a connected socket's peer has; nullopt for a unix socket and for one
/// that is not connected any more.
std::optional<asio::ip::tcp::endpoint> peer_endpoint(int socket);

/// The same of our own end.
std::optional<asio::ip::tcp::endpoint> local_endpoint(int socket);

/// What this machine calls itself, "localhost" if it has no name.
std::string host_name();

/// Who is at the other end, in the form logs and rules use.
struct PeerName {
  std::string address;     ///< "192.0.2.1", "2001:db8::1", or "unix".
  std::uint16_t port = 0;  ///< 0 for unix.
};

/// A block of addresses, "192.168.0.0/16", "::1", "10.1.2.3/8" (bits past the prefix are dropped).
class Network {
 public:
  static Result<Network> parse(std::string_view text);
  bool contains(const asio::ip::address& address) const;
  std::string text() const;

 private:
  asio::ip::address first_;
  unsigned prefix_length_ = 0;
};

/// Deny wins over allow; with an empty allow list everybody else is allowed.
struct AccessList {
  std::vector<Network> allow;
  std::vector<Network> deny;

  bool allows(const asio::ip::address& address) const;
};

}  // namespace netkit::net
