// Whom to ask next: the daemon that was named or is on this machine, those found on the group, and
// between them whoever is heard directly.
#include "commands/presence/circle.hpp"

#include <algorithm>
#include <utility>

#include "cli/exit_code.hpp"
#include "commands/presence/frames.hpp"
#include "commands/presence/protocol.hpp"
#include "net/limits.hpp"
#include "net/spawn.hpp"

namespace netkit::presence {
namespace {

using namespace std::chrono_literals;

/// Those who are asked answer after 0 to 100 ms; a question or an answer that got lost has a second
/// chance.
constexpr std::chrono::milliseconds ask_again_after = 250ms;
constexpr std::chrono::milliseconds listen_for = 700ms;
/// As long as others turn up, more may: on a busy machine, or where there are many.
constexpr std::chrono::milliseconds listen_more_for = 200ms;
constexpr int listen_more_max = 10;
/// A daemon that was found and hangs keeps nobody waiting for longer than this.
constexpr std::chrono::milliseconds listen_for_max = 3000ms;
/// One that was found and did not take us in; anybody can claim to be one, any number of times.
constexpr std::chrono::seconds try_again_after = 5s;
constexpr std::size_t tried_max = 8;

}  // namespace

Circle::Circle(const cli::Context& context, asio::io_context& io, PeerOptions options,
               Attendee* attendee)
    : context_{context},
      io_{io},
      options_{std::move(options)},
      attendee_{attendee},
      pause_{io},
      listen_{io},
      wake_{io},
      first_{io, std::chrono::steady_clock::time_point::max()},
      asked_{io} {}

asio::awaitable<Status> Circle::run(std::shared_ptr<Circle> self) {
  Result<cli::Credential> credential = cli::Credential::of(self->context_, self->options_.client);
  if (!credential) {
    self->finish_first(credential.error());
    co_return credential.error();
  }
  self->credential_ = std::move(*credential);
  co_await self->go_round();
  self->leave_neighbours();
  self->finish_first(ok);
  co_return ok;
}

void Circle::stop() {
  if (std::exchange(ending_, true)) return;
  if (stream_ != nullptr) stream_->expire_in(net::linger_limit);
  pause_.cancel();
  wake_.cancel();
  asked_.cancel();
}

asio::awaitable<Status> Circle::complete() {
  std::error_code woken;
  while (!first_outcome_)
    co_await first_.async_wait(net::into(woken));
  co_return *first_outcome_;
}

void Circle::finish_first(Status outcome) {
  if (first_outcome_) return;
  first_outcome_ = std::move(outcome);
  first_.cancel();
}

asio::awaitable<void> Circle::go_round() {
  while (!ending_) {
    const std::optional<Target> target = next_target();
    if (target) {
      trying_ = true;
      const Status ended = co_await converse(*target);
      trying_ = false;
      if (ending_) co_return;
      const Error why =
          ended ? Error{Errc::closed, "stay with the presence daemon"} : Error{ended.error()};
      failed(*target, why);
    }
    hear_neighbours();
    settle_first();
    if (wanted_.empty()) co_await pause();
  }
}

/// Found ones first; else, after each pause, the last one that took us in and the usual one.
std::optional<Circle::Target> Circle::next_target() {
  if (!options_.wants_daemon()) return {};
  if (wanted_.empty()) {
    Target usual;
    usual.meant = true;
    if (options_.presenced) {
      usual.endpoint = *options_.presenced->at;
    } else {
      usual.endpoint = *complete_daemon({});
      if (liked_) wanted_.push_back(*liked_);
    }
    wanted_.push_back(std::move(usual));
  }
  Target target = std::move(wanted_.front());
  wanted_.pop_front();
  return target;
}

asio::awaitable<void> Circle::pause() {
  if (options_.wants_daemon())
    pause_.expires_after(back_off_.next());
  else
    pause_.expires_at(std::chrono::steady_clock::time_point::max());
  std::error_code woken;
  if (!ending_) co_await pause_.async_wait(net::into(woken));
}

void Circle::failed(const Target& target, const Error& why) {
  context_.log.debug("daemon",
                     {{"endpoint", net::to_text(target.endpoint)}, {"error", why.message()}});
  if (!target.meant) return;
  ++failures_;
  const cli::ExitCode code = cli::exit_code_of(why);
  const bool may_pass = code == cli::exit_unreachable || code == cli::exit_timed_out;
  const bool tried_enough = failures_ > options_.client.retry.times || !may_pass;
  if (code == cli::exit_refused || (insists() && tried_enough)) finish_first(why);
}

void Circle::found(FoundDaemon daemon) {
  if (options_.presenced || stream_ != nullptr || ending_) return;
  const auto is_it = [&](const auto& each) { return each.endpoint == daemon.endpoint; };
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(tried_, [&](const Tried& each) { return each.at + try_again_after < now; });
  if (std::ranges::any_of(tried_, is_it) || tried_.size() >= tried_max) return;
  tried_.push_back({daemon.endpoint, now});
  wanted_.push_back(
      {std::move(daemon.endpoint), std::move(daemon.key), std::move(daemon.certificate), false});
  pause_.cancel();
}

void Circle::hear_neighbours() {
  if (neighbours_) return;
  mirror_.unfollow();
  show({});
  if (options_.no_multicast) {
    listened_ = true;
    return;
  }
  Neighbours::Hearer hearer;
  hearer.frames = [this](std::string_view frames) {
    each_frame(frames, [this](const wire::Frame& frame) {
      static_cast<void>(take_roster(frame));  // What our own hall says is well formed.
      return true;
    });
  };
  hearer.found = [this](FoundDaemon daemon) { found(std::move(daemon)); };
  neighbours_ =
      std::make_unique<Neighbours>(context_.log, io_, peer_group(options_), std::move(hearer));
  neighbours_->adopt(mirror_.all());
  neighbours_->start();
  listen_on(ask_again_after, &Circle::ask_again);
}

void Circle::leave_neighbours() {
  listen_.cancel();
  neighbours_.reset();
}

void Circle::listen_on(std::chrono::milliseconds wait, void (Circle::*then)()) {
  listen_.expires_after(wait);
  listen_.async_wait([weak = weak_from_this(), then](std::error_code cancelled) {
    const auto self = weak.lock();
    if (self && !cancelled && self->neighbours_) (self.get()->*then)();
  });
}

void Circle::ask_again() {
  neighbours_->ask_all();
  heard_ = mirror_.size();
  listen_on(listen_for - ask_again_after, &Circle::heard_enough);
}

void Circle::heard_enough() {
  const bool heard_more = std::exchange(heard_, mirror_.size()) < mirror_.size();
  if (!listened_ && heard_more && ++listened_more_ <= listen_more_max)
    return listen_on(listen_more_for, &Circle::heard_enough);
  const bool for_long = std::exchange(listened_, true);
  if (!for_long && trying_) listen_on(listen_for_max - listen_for, &Circle::heard_enough);
  if (!insists() && (for_long || !trying_)) finish_first(ok);
}

/// Where no daemon tells the roster, what was heard is all there is.
void Circle::settle_first() {
  if (listened_ && wanted_.empty() && !insists()) finish_first(ok);
}

void Circle::show(Source source) {
  if (source == source_) return;
  source_ = std::move(source);
  if (on_source) on_source(*source_);
}

}  // namespace netkit::presence
