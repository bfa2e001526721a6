// When what is said.
#include "commands/presence/herald.hpp"

#include <array>
#include <asio/co_spawn.hpp>

#include "base/random.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

/// Who comes is heard by everybody within a second, also where one datagram of two gets lost.
constexpr std::array<std::chrono::milliseconds, 2> soon_after{std::chrono::milliseconds{300},
                                                              std::chrono::milliseconds{600}};
constexpr std::chrono::seconds alone_interval{1};
constexpr std::chrono::seconds daemon_interval{30};
/// An ask to all is answered within it, at a time of one's own.
constexpr std::chrono::milliseconds answer_spread{100};
constexpr std::size_t later_max = 64;
constexpr int leaves = 3;
constexpr std::chrono::milliseconds leave_interval{20};

std::chrono::nanoseconds now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace

Herald::Herald(asio::io_context& context, OwnWords& words)
    : context_{context}, words_{words}, respondent_{words}, next_{context} {}

std::shared_ptr<Herald> Herald::open(asio::io_context& context, log::Logger& log, OwnWords& words,
                                     net::MulticastOptions group) {
  auto herald = std::make_shared<Herald>(context, words);
  if (!group.group_v4 && !group.group_v6) return herald;
  Result<std::unique_ptr<net::Multicast>> opened =
      net::Multicast::open(context, log, std::move(group));
  if (opened)
    herald->group_ = std::move(*opened);
  else
    log.warn("multicast", {{"error", opened.error().message()},
                           {"hint", "only a daemon that --presenced names tells others of us"}});
  return herald;
}

std::uint16_t Herald::port() const {
  if (!group_) return 0;
  const std::uint16_t v4 = group_->own_port(false);
  return v4 != 0 ? v4 : group_->own_port(true);
}

void Herald::start() {
  if (!group_) return;
  group_->on_interfaces([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->announce();
  });
  asio::co_spawn(context_, hear(shared_from_this()), net::rethrow);
  asio::co_spawn(context_, announce_on(shared_from_this()), net::rethrow);
}

void Herald::stop() {
  stopped_ = true;
  next_.cancel();
  if (group_) group_->stop();
}

void Herald::say(Kind kind) {
  if (group_ && !stopped_) (void)group_->send(words_.say(kind));  // Lost is lost; another follows.
}

void Herald::announce() {
  soon_ = 0;
  next_.cancel();
}

void Herald::follow_daemon(bool has_one) {
  // Without one the others are to know at once that they hear us directly.
  if (std::exchange(has_daemon_, has_one) && !has_one) announce();
}

asio::awaitable<void> Herald::announce_on(std::shared_ptr<Herald> self) {
  while (!self->stopped_ && !self->leaving_) {
    self->say(Kind::announce);
    const auto soon = static_cast<std::size_t>(self->soon_);
    std::chrono::milliseconds wait = self->has_daemon_ ? daemon_interval : alone_interval;
    if (soon < soon_after.size()) {
      wait = soon_after[soon];
      ++self->soon_;
    }
    self->next_.expires_after(wait);
    std::error_code woken;
    co_await self->next_.async_wait(net::into(woken));
  }
}

asio::awaitable<void> Herald::leave(std::shared_ptr<Herald> self) {
  self->leaving_ = true;
  asio::steady_timer pause{self->context_};
  for (int i = 0; i < leaves && self->group_; ++i) {
    if (i > 0) {
      pause.expires_after(leave_interval);
      std::error_code failed;
      co_await pause.async_wait(net::into(failed));
    }
    self->say(Kind::leave);
  }
}

asio::awaitable<void> Herald::hear(std::shared_ptr<Herald> self) {
  for (;;) {
    const Result<net::Multicast::Received> heard = co_await self->group_->receive();
    if (!heard) co_return;
    if (self->leaving_) continue;
    Respondent::Heard follows =
        self->respondent_.hear(heard->bytes, heard->sender.address(), now());
    if (follows.passed && self->on_answer) self->on_answer(*follows.passed);
    if (follows.answer.empty()) continue;
    if (!follows.asks_all) {
      (void)self->group_->send_to(follows.answer, heard->sender);  // It asks again.
    } else if (self->later_ < later_max) {
      ++self->later_;
      asio::co_spawn(self->context_, answer_later(self, std::move(follows.answer), heard->sender),
                     net::rethrow);
    }
  }
}

asio::awaitable<void> Herald::answer_later(std::shared_ptr<Herald> self, std::string answer,
                                           asio::ip::udp::endpoint to) {
  asio::steady_timer pause{self->context_};
  pause.expires_after(std::chrono::microseconds{
      random_u64() % static_cast<std::uint64_t>(std::chrono::microseconds{answer_spread}.count())});
  std::error_code failed;
  co_await pause.async_wait(net::into(failed));
  --self->later_;
  if (!self->stopped_ && !self->leaving_) (void)self->group_->send_to(answer, to);
}

void Herald::carry(const AskFor& ask, std::string_view daemon_key) {
  if (!group_ || stopped_ || !respondent_.carry(ask, daemon_key, now())) return;
  for (const asio::ip::address& address : ask.addresses)
    (void)group_->send_to(ask.question, {address, ask.port});
}

}  // namespace netkit::presence
