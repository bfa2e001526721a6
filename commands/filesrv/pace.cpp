// One number, the time at which all that was promised will have gone.
#include "commands/filesrv/pace.hpp"

#include <algorithm>
#include <asio/steady_timer.hpp>

#include "net/spawn.hpp"

namespace netkit::filesrv {

Pace::Clock::time_point Pace::take(std::size_t bytes, Clock::time_point now) {
  if (rate_ == 0) return now;
  const std::chrono::duration<double> cost{static_cast<double>(bytes) / static_cast<double>(rate_)};
  const Clock::rep length = std::chrono::duration_cast<Clock::duration>(cost).count();
  const Clock::rep least = (now - burst).time_since_epoch().count();
  Clock::rep free = free_at_.load(std::memory_order_relaxed);
  Clock::rep next = 0;
  do {
    next = std::max(free, least) + length;
  } while (!free_at_.compare_exchange_weak(free, next, std::memory_order_relaxed));
  return Clock::time_point{Clock::duration{next}};
}

asio::awaitable<void> wait_for(Pace& total, Pace& own, std::size_t bytes) {
  const auto now = Pace::Clock::now();
  const auto at = std::max(total.take(bytes, now), own.take(bytes, now));
  if (at <= now) co_return;
  asio::steady_timer timer{co_await asio::this_coro::executor, at};
  std::error_code cancelled;
  co_await timer.async_wait(net::into(cancelled));
}

std::uint64_t pace_size(const Pace& total, const Pace& own) {
  std::uint64_t size = UINT64_MAX;
  for (const Pace* each : {&total, &own})
    if (each->is_limited()) size = std::min(size, std::max<std::uint64_t>(each->rate() / 20, 1024));
  return size;
}

}  // namespace netkit::filesrv
