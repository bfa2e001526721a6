// One SCTP association of the user-space stack: what a stream reads and writes, with the bounds of
// messages kept, over one UDP way to the peer or several. Made by SctpStack, on whose thread alone
// it lives.
#pragma once

#include <asio/ip/udp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "net/sctp_packet.hpp"
#include "net/sctp_paths.hpp"
#include "net/tls.hpp"
#include "net/udp_port.hpp"
#include "net/wake.hpp"

struct socket;  // usrsctp's own.

namespace netkit::net {

class SctpAssociation;
class SctpListener;
class SctpStack;

/// How patient an association is. An idle peer that is gone is noticed after about
/// (retransmissions_max + 1) times (heartbeat + RTO), one that data is sent to after the sum of as
/// many RTOs, which double from rto_min to rto_max.
struct SctpSettings {
  std::chrono::milliseconds heartbeat{5000};
  std::chrono::milliseconds rto_initial{300};
  std::chrono::milliseconds rto_min{200};
  std::chrono::milliseconds rto_max{3000};
  std::uint16_t retransmissions_max = 10;
  PathSettings paths = {};

  /// For who must know within seconds: 4.3 s, and no false alarm at 10 % loss in 100 associations.
  static SctpSettings watchful() {
    SctpSettings settings;
    settings.heartbeat = std::chrono::milliseconds{300};
    settings.rto_min = std::chrono::milliseconds{100};
    settings.rto_max = std::chrono::milliseconds{500};
    settings.retransmissions_max = 5;
    return settings;
  }
};

/// A UDP socket that carries associations, shared by all that came through it. Closed with the last
/// of them.
struct SctpPort {
  explicit SctpPort(std::shared_ptr<UdpPort> from) : udp{std::move(from)} {}
  SctpPort(const SctpPort&) = delete;
  SctpPort& operator=(const SctpPort&) = delete;
  ~SctpPort() { udp->stop(); }

  std::shared_ptr<UdpPort> udp;
  SctpListener* listener = nullptr;  ///< Who takes new associations; none: nobody.
  SctpAssociation* owner = nullptr;  ///< Whose socket alone it is; none: it is shared.
};

/// What tells associations apart: a small number that stands for the peer's address, and the ports.
struct SctpKey {
  std::uint16_t peer = 0;
  std::uint16_t remote_port = 0;
  std::uint16_t local_port = 0;

  std::uint64_t packed() const {
    return std::uint64_t{peer} << 32 | std::uint64_t{remote_port} << 16 | local_port;
  }
};

class SctpAssociation {
 public:
  enum class Wanted { read, write };

  /// Takes over `socket`. The stack's; everybody else gets associations from it.
  SctpAssociation(SctpStack& stack, asio::io_context& io, SctpKey key, struct socket* socket,
                  const SctpSettings& settings);
  /// Resets it (ABORT) unless both ends have ended it in order.
  ~SctpAssociation();
  SctpAssociation(const SctpAssociation&) = delete;
  SctpAssociation& operator=(const SctpAssociation&) = delete;

  /// Bytes of one message at the most; at_message_end() tells whether they are its last.
  Attempt try_read(std::span<char> into);
  bool at_message_end() const { return at_message_end_; }
  /// May take a part. What is left, and was left before, goes on the same message, which ends with
  /// the last byte of `bytes` if `ends_message`.
  Attempt try_write(std::string_view bytes, bool ends_message);

  /// Until another attempt is worth it, or end_waits().
  asio::awaitable<Status> ready(Wanted what);
  void end_wait(Wanted what, const Status& outcome);
  asio::io_context& io() const { return readable_.io(); }

  /// Sends what is left and says goodbye; what still comes is passed over.
  void begin_close();
  /// Until both ends are through with it, or end_waits().
  asio::awaitable<Status> closed();
  /// Nothing is left of it at this end.
  bool is_over() const;
  /// Resets it now. Every later attempt fails.
  void abort();

  /// Of the way in use.
  asio::ip::udp::endpoint remote() const;
  asio::ip::udp::endpoint local() const;

 private:
  friend class SctpStack;

  /// One way: the socket it goes through and the addresses of both ends.
  struct Way {
    std::shared_ptr<SctpPort> port;
    UdpRoute route;
    bool refused = false;
  };

  std::size_t add_way(std::shared_ptr<SctpPort> port, const UdpRoute& route, unsigned host);
  std::optional<std::size_t> learn_way(const std::shared_ptr<SctpPort>& port,
                                       const UdpRoute& route);
  bool stays_here() const;
  std::optional<std::size_t> find_way(const SctpPort& port, const UdpRoute& route) const;
  void take(const std::shared_ptr<SctpPort>& port, const UdpRoute& route, const SctpHead& head,
            std::string_view packet);
  void take_probe(const std::shared_ptr<SctpPort>& port, const UdpRoute& route,
                  std::string_view packet, const PathProbe& probe);
  void output(const SctpHead& head, std::string_view packet);
  void send_on(std::size_t way, std::string_view packet);
  void send_probe(std::size_t way, const PathProbe& probe);
  void tick(std::chrono::steady_clock::time_point now);
  void note_refusals();
  void hurry();
  void wake();
  void leave();

  SctpStack& stack_;
  SctpKey key_;
  struct socket* socket_;  // None once it is closed.
  std::vector<Way> ways_;
  SctpPaths paths_;
  Wake readable_;
  Wake writable_;
  std::uint32_t own_tag_ = 0;
  std::uint32_t peer_tag_ = 0;
  int failed_ = 0;  // errno of what ended it; the stack tells it once only.
  bool at_message_end_ = true;
  bool connecting_ = false;
  bool closing_ = false;
  bool woken_ = false;  // It stands on the stack's list of those to look at.
};

}  // namespace netkit::net
