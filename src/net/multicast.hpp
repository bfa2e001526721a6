// One UDP group as a process on any number of interfaces: what is said to all goes out by each of
// them, what others say is heard by each. Follows the interfaces as they come and go. Reads no
// message.
#pragma once

#include <array>
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "log/logger.hpp"
#include "net/interfaces.hpp"

namespace netkit::net {

struct MulticastOptions {
  /// A family without one is not used.
  std::optional<asio::ip::address_v4> group_v4;
  std::optional<asio::ip::address_v6> group_v6;
  std::uint16_t port = 0;       ///< Of the groups. Not 0.
  unsigned hops = 1;            ///< 1: routers pass nothing on.
  bool loop = true;             ///< Whether other processes of this machine hear what is sent.
  std::size_t size_max = 2048;  ///< Longer datagrams are dropped.
  /// Which interfaces are used; all of them without it.
  std::function<bool(const Interface&)> admits = {};
  InterfaceWatch::Options watch = {};
};

/// What one family of one interface has done since it was first used.
struct MulticastWay {
  bool joined = false;
  std::string join_failure;    ///< Why not, one line; empty also where the family has no address.
  std::uint64_t received = 0;  ///< Datagrams of others to the group.
  std::uint64_t own = 0;       ///< Ours that came back, which receive() passes over.
  std::uint64_t direct = 0;    ///< Datagrams to us alone.
  std::uint64_t sent = 0;      ///< To the group.
  std::uint64_t send_failures = 0;
  std::error_code send_failure;  ///< Of the last one sent to the group; none if it went out.
  /// When the last datagram of others came to the group.
  std::optional<std::chrono::steady_clock::time_point> heard;
};

struct MulticastInterface {
  Interface interface;
  std::array<MulticastWay, 2> ways;  ///< IPv4's, IPv6's.
};

/// Of each family it has two sockets. One is bound to the group, shared with all other processes of
/// the machine, and only hears. The other has a port of its own: all is sent from it, so that every
/// answer comes to the process that asked, and to no other.
class Multicast {
 public:
  struct Received {
    std::string_view bytes;          ///< Until the next receive().
    asio::ip::udp::endpoint sender;  ///< A link-local one keeps its scope: send_to() takes it.
    unsigned interface = 0;          ///< By which it came; 0: unknown.
    bool multicast = false;          ///< Said to the group, else to us alone.
  };

  /// Opens what the kernel has; an error only if no family works. One that does not, and each
  /// interface that cannot be joined, is logged. `log` must outlive it.
  static Result<std::unique_ptr<Multicast>> open(asio::io_context& context, log::Logger& log,
                                                 MulticastOptions options);
  ~Multicast();

  /// The next datagram of anyone else; what this object said to the group is passed over. The only
  /// error is Errc::stopped, after stop() or this object's end. One at a time.
  asio::awaitable<Result<Received>> receive();

  /// To the group, once by every interface that is up and has an address of the family. Never
  /// waits; true if at least one took it. A failure is counted, and logged once a minute at most.
  bool send(std::string_view bytes);

  /// To one, from the port to which answers come. By `interface`, or as the routes say for 0, which
  /// is right for an answer. Never waits.
  std::error_code send_to(std::string_view bytes, const asio::ip::udp::endpoint& to,
                          unsigned interface = 0);

  /// Whether the family is in use.
  bool has(bool v6) const;
  /// The port from which it sends; 0 if the family is not in use.
  std::uint16_t own_port(bool v6) const;
  /// All interfaces as they are now, whether used or not.
  std::vector<MulticastInterface> report() const;
  /// Runs after each change of the interfaces has been followed; report() has them. It may destroy
  /// this object.
  void on_interfaces(std::function<void()> changed);
  /// Why the interfaces are looked at every 2 s instead; empty while the kernel tells.
  std::string polling_reason() const;

  /// Ends the present receive() and all later ones, and leaves the groups.
  void stop();

 private:
  class Inside;
  explicit Multicast(std::shared_ptr<Inside> inside);

  std::shared_ptr<Inside> inside_;
};

}  // namespace netkit::net
