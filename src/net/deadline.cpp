// The lazily armed timer behind a Deadline.
#include "net/deadline.hpp"

#include <asio/execution/context.hpp>
#include <asio/query.hpp>
#include <asio/steady_timer.hpp>

namespace netkit::net {

// Shared with the pending wait, because a wait that is already due cannot be taken back.
struct Deadline::Timer {
  Timer(asio::io_context& context, Deadline* of) : timer{context}, owner{of} {}

  static void arm(const std::shared_ptr<Timer>& self, Clock::time_point at) {
    self->timer.expires_at(at);
    self->timer.async_wait([self](std::error_code cancelled) {
      if (!cancelled && self->owner) self->owner->fired();
    });
  }

  asio::steady_timer timer;
  Deadline* owner;
};

Deadline::Deadline(const asio::any_io_executor& executor, std::function<void()> on_passed)
    : context_{static_cast<asio::io_context&>(asio::query(executor, asio::execution::context))},
      on_passed_{std::move(on_passed)} {}

Deadline::~Deadline() {
  if (!timer_) return;
  timer_->owner = nullptr;
  timer_->timer.cancel();
}

void Deadline::expire_in(std::chrono::nanoseconds limit) {
  passed_ = false;
  const Clock::time_point now = Clock::now();
  // Compared this way round because now + limit could wrap.
  at_ = limit < Clock::time_point::max() - now ? now + limit : Clock::time_point::max();
  if (at_ >= armed_for_) return;
  if (!timer_) timer_ = std::make_shared<Timer>(context_, this);
  armed_for_ = at_;
  Timer::arm(timer_, at_);
}

void Deadline::expire_never() {
  passed_ = false;
  at_ = Clock::time_point::max();
}

void Deadline::fired() {
  armed_for_ = Clock::time_point::max();
  if (at_ == Clock::time_point::max()) {
    // Most who had a limit at their beginning have none later: its memory goes with this call.
    timer_->owner = nullptr;
    timer_.reset();
    return;
  }
  if (Clock::now() < at_) {
    armed_for_ = at_;
    Timer::arm(timer_, at_);
    return;
  }
  passed_ = true;
  on_passed_();
}

}  // namespace netkit::net
