// How fast bytes may go: a rate that connections on several threads share, and one of each its own.
#pragma once

#include <asio/awaitable.hpp>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace netkit::filesrv {

/// Hands out times at which bytes may go. Safe from any thread; no rate: at once.
class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  /// Bytes a second; 0: no limit.
  explicit Pace(std::uint64_t rate) : rate_{rate} {}

  bool is_limited() const { return rate_ > 0; }
  std::uint64_t rate() const { return rate_; }
  /// When `bytes` may go that are wanted at `now`; they count as gone.
  Clock::time_point take(std::size_t bytes, Clock::time_point now);

 private:
  /// What may go at once after a pause.
  static constexpr std::chrono::milliseconds burst{100};

  const std::uint64_t rate_;
  std::atomic<Clock::rep> free_at_{0};
};

/// Waits until `bytes` may go by both.
asio::awaitable<void> wait_for(Pace& total, Pace& own, std::size_t bytes);

/// How much may go between two waits, so that a slow pace is even: a twentieth of a second's worth.
std::uint64_t pace_size(const Pace& total, const Pace& own);

}  // namespace netkit::filesrv
