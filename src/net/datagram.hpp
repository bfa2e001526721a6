// Datagrams as a server sees them: many peers on one bound UDP socket, answers from the address
// that was asked. Clients use connected sockets of Asio's own.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/generic/datagram_protocol.hpp>
#include <cstdint>
#include <functional>
#include <string_view>

#include "base/file.hpp"
#include "base/result.hpp"
#include "net/address.hpp"

namespace netkit::net {

class Worker;

/// RFC 768 and RFC 8200 leave 65,535 bytes for a datagram's payload at the most.
inline constexpr std::size_t datagram_size_max = 65535;

class Datagram {
 public:
  using Admits = std::function<bool(const asio::ip::address& sender)>;
  /// Datagrams from senders that `admits` is false for are dropped.
  Datagram(Worker& worker, FileDescriptor bound, Admits admits);

  /// The next datagram; the view holds until the next wait. The only errors are those of the
  /// socket itself: what a peer's host reports (unreachable ports) is passed over.
  asio::awaitable<Result<std::string_view>> receive();

  /// Answers the sender of the last datagram, from the address it was sent to. Never waits: false
  /// if the kernel took nothing, as a network may.
  bool reply(std::string_view bytes);

  /// Who sent the last datagram.
  PeerName sender() const;
  asio::ip::address sender_address() const;
  std::uint16_t sender_port() const;
  std::uint16_t local_port() const { return local_port_; }
  Worker& worker() { return worker_; }
  /// Ends the present wait and all later ones.
  void stop();

 private:
  using Socket = asio::generic::datagram_protocol::socket;
  bool try_receive(std::string_view& bytes, std::error_code& failed);

  Worker& worker_;
  Socket socket_;
  Admits admits_;
  std::uint16_t local_port_ = 0;
  bool stopped_ = false;
  unsigned receives_in_a_row_ = 0;
  alignas(8) char sender_[128];  // sockaddr_storage
  std::uint32_t sender_size_ = 0;
  alignas(8) char control_[128];  // Which local address it came to (IP_PKTINFO, IPV6_PKTINFO).
  std::size_t control_size_ = 0;
};

}  // namespace netkit::net
