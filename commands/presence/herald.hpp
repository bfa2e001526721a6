// A peer in the multicast group: says that it is here, answers who asks, and asks others for a
// daemon. On one io_context, which one thread runs. What follows from a datagram, respondent.hpp
// says.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "commands/presence/own_words.hpp"
#include "commands/presence/respondent.hpp"
#include "log/logger.hpp"
#include "net/multicast.hpp"

namespace netkit::presence {

class Herald : public std::enable_shared_from_this<Herald> {
 public:
  /// `log` and `words` outlive it. Without a group, or where none works, it says and hears nothing.
  static std::shared_ptr<Herald> open(asio::io_context& context, log::Logger& log, OwnWords& words,
                                      net::MulticastOptions group);
  Herald(asio::io_context& context, OwnWords& words);

  /// Where it takes questions, in both families; 0: nowhere.
  std::uint16_t port() const;
  void start();
  /// Says nothing more and hears nothing.
  void stop();

  /// Now, and from now on at the usual distance.
  void announce();
  /// With a daemon the group hears of us seldom: who is new asks.
  void follow_daemon(bool has_one);
  /// Says goodbye so often that a lossy network carries one of them, and nothing else any more: an
  /// answer after it would be a return.
  static asio::awaitable<void> leave(std::shared_ptr<Herald> self);

  /// Asks somebody for the daemon with that key; on_answer gets what comes back.
  void carry(const AskFor& ask, std::string_view daemon_key);
  std::function<void(const Asked& asked)> on_answer;

  /// nullptr where there is no group.
  const net::Multicast* group() const { return group_.get(); }

 private:
  static asio::awaitable<void> hear(std::shared_ptr<Herald> self);
  static asio::awaitable<void> answer_later(std::shared_ptr<Herald> self, std::string answer,
                                            asio::ip::udp::endpoint to);
  static asio::awaitable<void> announce_on(std::shared_ptr<Herald> self);
  void say(Kind kind);

  asio::io_context& context_;
  OwnWords& words_;
  Respondent respondent_;
  std::unique_ptr<net::Multicast> group_;
  asio::steady_timer next_;
  std::size_t later_ = 0;  // Answers that wait for their time.
  int soon_ = 0;           // Announcements that follow quickly.
  bool has_daemon_ = false;
  bool leaving_ = false;
  bool stopped_ = false;
};

}  // namespace netkit::presence
