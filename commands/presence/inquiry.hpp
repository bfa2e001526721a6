// What this machine itself can tell of one peer: asked by the group and directly, heard on which
// interface. For `netkit peer why`; changes nobody's roster.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/presence/announcement.hpp"
#include "commands/presence/roster.hpp"
#include "identity/key_pair.hpp"
#include "log/logger.hpp"
#include "net/multicast.hpp"

namespace netkit::presence {

class Inquiry : public std::enable_shared_from_this<Inquiry> {
 public:
  static constexpr std::chrono::milliseconds limit{2500};

  /// One way in which somebody called so was heard, the first time.
  struct Heard {
    std::optional<asio::ip::udp::endpoint> from;
    unsigned interface = 0;  ///< By which it came; 0: unknown.
  };
  struct Findings {
    Heard announced;        ///< It spoke to the group.
    Heard answered_group;   ///< It answered what we asked the group.
    Heard answered_direct;  ///< It answered what we asked it alone.
    /// Where it was asked directly.
    std::vector<asio::ip::udp::endpoint> asked;
    std::uint16_t tcp_port = 0;  ///< As it said last.

    bool heard() const { return announced.from || answered(); }
    bool answered() const { return answered_group.from || answered_direct.from; }
  };

  /// `log` outlives it.
  static Result<std::shared_ptr<Inquiry>> open(asio::io_context& io, log::Logger& log,
                                               net::MulticastOptions group, std::string name);

  /// Asks and listens until it has answered both questions, at most for `limit`. `known`: as the
  /// daemon told them.
  static asio::awaitable<void> run(std::shared_ptr<Inquiry> self, std::vector<Entry> known);

  const Findings& findings() const { return findings_; }
  std::vector<net::MulticastInterface> interfaces() const { return group_->report(); }

 private:
  Inquiry(std::unique_ptr<net::Multicast> group, std::string name)
      : group_{std::move(group)}, name_{std::move(name)} {}

  static asio::awaitable<void> listen(std::shared_ptr<Inquiry> self);
  void hear(const net::Multicast::Received& received);
  void ask();
  void ask_at(const asio::ip::udp::endpoint& to);
  std::string question(std::uint64_t nonce);

  const std::unique_ptr<net::Multicast> group_;
  const std::string name_;
  const identity::KeyPair key_ = identity::KeyPair::make();
  std::uint64_t sequence_ = 0;
  std::uint64_t group_nonce_ = 0;
  std::uint64_t direct_nonce_ = 0;
  std::vector<std::string> keys_;  // Of those known.
  Findings findings_;
};

}  // namespace netkit::presence
