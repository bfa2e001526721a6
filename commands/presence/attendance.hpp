// Being in a daemon's roster: entering, the beats that keep us there (by SCTP where it is to be
// had, else on the conversation) and what the daemon wishes. On one io_context, which one thread
// runs.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "commands/presence/attendee.hpp"
#include "commands/presence/herald.hpp"
#include "commands/presence/own_words.hpp"
#include "log/logger.hpp"
#include "net/sctp_choice.hpp"
#include "net/stream.hpp"

namespace netkit::presence {

class Attendance final : public Attendee, public std::enable_shared_from_this<Attendance> {
 public:
  /// All but the context outlive it.
  Attendance(asio::io_context& context, net::SctpChoice sctp, log::Logger& log, OwnWords& words,
             Herald& herald);

  /// Whole frames to the daemon; set before the first enter().
  std::function<void(std::string_view frames)> post;
  /// The association broke, perhaps because the daemon is gone; set before the first enter().
  std::function<void()> doubt;

  std::string enter(const ServerHello& daemon, const std::string& address) override;
  void take(const wire::Frame& frame) override;
  void parted() override;
  bool notices_silence() const override { return sctp_works_; }

  /// What we say of ourselves has changed.
  void update();
  /// Tells the daemon that we go, and ends all that is under way.
  void leave();

  /// The daemon has us in its roster.
  bool is_in() const { return in_; }

 private:
  static asio::awaitable<void> beat(std::shared_ptr<Attendance> self, std::uint64_t stay);
  static asio::awaitable<void> keep_sctp(std::shared_ptr<Attendance> self, std::uint64_t stay,
                                         Welcome welcome);
  asio::awaitable<Result<net::Stream>> associate(std::uint16_t port);
  asio::awaitable<Status> converse(net::Stream& stream, std::string cookie);
  asio::awaitable<Status> read(net::Stream& stream);
  asio::awaitable<Status> beat_on(net::Stream& stream);
  void welcomed(const Welcome& welcome);
  void send(std::uint16_t type, std::string_view body);

  asio::io_context& context_;
  const net::SctpChoice sctp_choice_;
  log::Logger& log_;
  OwnWords& words_;
  Herald& herald_;
  std::string daemon_key_;
  std::string address_;
  std::chrono::milliseconds period_{1000};
  std::uint64_t stay_ = 0;  // Which conversation; what was begun for another one ends.
  bool in_ = false;
  bool sctp_works_ = false;
  net::Stream* sctp_ = nullptr;  // While it is open.
  asio::steady_timer beat_due_;
  asio::steady_timer sctp_due_;
};

}  // namespace netkit::presence
