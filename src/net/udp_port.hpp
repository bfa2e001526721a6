// A bound UDP socket that knows which of our addresses each datagram came to, so that answers leave
// from there. Carries user-space SCTP; never looks at what it carries.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/generic/datagram_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <netinet/in.h>
#include <span>
#include <string_view>

#include "base/file.hpp"

namespace netkit::net {

/// Where a datagram came from, and to which address of ours. Compares by both.
struct UdpRoute {
  asio::ip::udp::endpoint remote;
  asio::ip::address local;  ///< Unspecified: the kernel chooses.

  friend bool operator==(const UdpRoute&, const UdpRoute&) = default;
  /// Whether it does not leave this machine.
  bool stays_here() const;
};

class UdpPort : public std::enable_shared_from_this<UdpPort> {
 public:
  /// `take` is called for each datagram, on the thread of `io`; the view holds until it returns.
  /// `taken` is called after each burst. Not before start(), not after stop().
  using Take = std::function<void(UdpPort&, const UdpRoute&, std::string_view)>;
  using Taken = std::function<void()>;

  UdpPort(asio::io_context& io, FileDescriptor bound, bool connected);

  /// Reads into `memory`, which ports of a thread may share, until stop().
  void start(std::span<char> memory, Take take, Taken taken);
  void stop();

  /// Never waits: false if the kernel took nothing, as a network may.
  bool send(const UdpRoute& to, std::string_view bytes);

  /// The last error that the network reported: ECONNREFUSED where nobody listens. Only of a
  /// connected socket, and cleared by asking.
  int take_error() { return std::exchange(error_, 0); }
  std::uint16_t local_port() const;
  asio::ip::udp::endpoint local() const;
  bool is_connected() const { return connected_; }

 private:
  using Socket = asio::generic::datagram_protocol::socket;
  void wait();
  bool try_receive();

  Socket socket_;
  const bool connected_;
  int error_ = 0;
  bool stopped_ = false;
  std::span<char> memory_;
  Take take_;
  Taken taken_;
};

}  // namespace netkit::net
