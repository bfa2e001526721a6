// The port at which a peer takes messages and files from other peers: TLS with a certificate of its
// own, who they are, and how many and how fast. `netkit peer` runs it in a net::Server; what it
// hears goes to callbacks.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "base/result.hpp"
#include "commands/presence/announcement.hpp"
#include "commands/presence/message.hpp"
#include "commands/presence/talk_machine.hpp"
#include "commands/presence/talk_memory.hpp"
#include "identity/key_pair.hpp"
#include "net/connection.hpp"
#include "net/listen.hpp"
#include "net/server.hpp"
#include "net/tls.hpp"
#include "transfer/offload.hpp"
#include "transfer/root.hpp"

namespace netkit::presence {

/// What is open before the server runs, so that the port and the certificate can be announced.
struct TalkPort {
  net::TlsContext tls;
  std::string certificate;  ///< Its SHA-256, 32 bytes: Announcement::certificate.
  net::Listening listening;

  std::uint16_t port() const { return listening.endpoint.port.value_or(0); }
};

/// Opens `wanted` (scheme tls; an empty host is all addresses, no port is any free one) with the
/// certificate in STATE/tls-cert.pem, which is made if it is not there.
Result<TalkPort> open_talk_port(const std::string& state, net::Endpoint wanted);

struct TalkLimits {
  std::size_t connections_of_address = 64;  ///< IPv6: of a /64, but for link-local addresses.
  double messages_per_s = 500;              ///< Of a key; more than that waits in the socket.
  double messages_burst = 1000;
  std::chrono::nanoseconds silence = std::chrono::seconds{60};  ///< Once it is open.
};

/// Runs on one thread: in a net::Server whose ServerOptions have threads = 1. Their
/// handshake_limit holds until a peer has proved who it is. Must outlive that server's run().
class TalkServer {
 public:
  struct Plan {
    const identity::KeyPair* pair = nullptr;  ///< Outlives this.
    net::TlsContext tls;
    std::string certificate;
    /// What we say of ourselves to each: with a sequence not used before.
    std::function<Announcement()> own;
    /// Whether to trust a peer of this name and key: KnownPeers::check(). An error's hint stays
    /// here, in the log.
    std::function<Status(const Announcement& peer)> meet;
    /// A message, once. It is acknowledged when this returns ok; after an error the connection
    /// ends and the sender may try again.
    std::function<Status(const Announcement& from, const Say& say)> deliver;
    /// Where files go that peers send; none: they are refused. Outlives this.
    const transfer::Root* folder = nullptr;
    /// Hash and sync them; none: the server's thread does. Outlive its connections.
    transfer::Offload* helpers = nullptr;
    /// A file is in its place.
    std::function<void(const Announcement& from, const std::string& name, std::uint64_t size)> came;
    TalkLimits limits;
  };

  explicit TalkServer(Plan plan);

  /// For net::Server. TLS is done here, not there: a connection too many costs no handshake.
  net::Service service();

 private:
  class Seat;
  class Visit;

  asio::awaitable<Status> serve(net::Connection& connection);

  const Plan plan_;
  TalkMemory memory_;
  std::map<std::string, std::size_t> seats_;  // Connections by address.
};

}  // namespace netkit::presence
