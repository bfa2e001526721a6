// Gives a hall its network and its time: the multicast group, questions and answers, knocks at
// ports, and a timer. On one io_context, which one thread runs.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "commands/presence/hall.hpp"
#include "log/logger.hpp"
#include "net/presence_group.hpp"

namespace netkit::presence {

Moment moment();

inline constexpr std::uint16_t group_port = net::presence_group_port;
net::MulticastOptions group_options(std::uint16_t port, bool enabled);

class Porter final : public Outside, public std::enable_shared_from_this<Porter> {
 public:
  /// `key` and `log` must outlive it. Without a group that works it goes on with what is said to it
  /// by conversations.
  static std::shared_ptr<Porter> open(asio::io_context& context, log::Logger& log,
                                      HallSettings settings, const identity::KeyPair& key,
                                      net::MulticastOptions group);

  Hall& hall() { return *hall_; }
  /// After the hall was told something: what follows from it happens soon, once for all of it.
  void poke();
  void start();
  /// Before the io_context ends, on the thread that ran it: nothing of Asio is left in here. Says
  /// goodbye to nobody: the peers go on. The hall stays, for conversations that end later.
  void stop();
  /// The same from within a handler of the io_context, which goes on.
  void quit();
  /// nullptr where there is no group.
  const net::Multicast* group() const { return group_.get(); }

  Porter(asio::io_context& context, log::Logger& log);

 private:
  void send(std::string_view datagram, const asio::ip::udp::endpoint& to) override;
  void send_to_all(std::string_view datagram) override;
  void knock(std::uint32_t slot, std::vector<asio::ip::address> addresses,
             std::uint16_t port) override;
  bool is_own(const asio::ip::address& address) const override;

  static asio::awaitable<void> hear(std::shared_ptr<Porter> self);
  static asio::awaitable<void> knock_at(std::shared_ptr<Porter> self, std::uint32_t slot,
                                        std::vector<asio::ip::address> addresses,
                                        std::uint16_t port);
  void tick();
  void look_at_interfaces();

  asio::io_context& context_;
  log::Logger& log_;
  std::unique_ptr<Hall> hall_;
  std::unique_ptr<net::Multicast> group_;
  std::optional<asio::steady_timer> timer_;
  std::vector<asio::ip::address> own_addresses_;
  bool poked_ = false;
  bool stopped_ = false;
};

}  // namespace netkit::presence
