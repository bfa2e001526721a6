// Who may try a password now: the throttle, shared by all threads, and the few who wait their turn.
// Waiting is a timer before any hash is computed, never a blocked thread.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "commands/auth/answers.hpp"
#include "commands/auth/throttle.hpp"

namespace netkit::auth {

inline constexpr std::size_t gate_waiting_max = 1000;
inline constexpr std::size_t gate_waiting_per_source_max = 16;

/// All members are safe from any thread.
class Gate {
 public:
  /// `key`: 32 random bytes, by which wrong passwords are told from one another.
  explicit Gate(std::string key);

  /// An attempt that was let in. One whose outcome is never told has come to nothing.
  class Pass {
   public:
    Pass(Pass&& other) noexcept
        : gate_{std::exchange(other.gate_, nullptr)}, attempt_{std::move(other.attempt_)} {}
    Pass& operator=(Pass&&) = delete;
    ~Pass();

    /// Seconds that the next attempt has to wait because of this one.
    Time failed(std::string_view password);
    /// How many failures there were before.
    std::uint32_t succeeded();

   private:
    friend class Gate;
    Pass(Gate& gate, Throttle::Attempt attempt) : gate_{&gate}, attempt_{std::move(attempt)} {}
    Gate* gate_;  // None once the outcome is known.
    Throttle::Attempt attempt_;
  };

  /// Waits as long as it has to; Errc::refused, with how long, if that is long or too many wait.
  asio::awaitable<Result<Pass>> enter(Throttle::Attempt attempt);

  std::vector<BanView> bans() const;
  std::size_t clear(std::string_view what);
  std::vector<ThrottleRecord> take_changes();
  void give_back(std::span<const ThrottleRecord> records);
  void restore(std::span<const ThrottleRecord> records);

  /// Seconds that never go back, whatever is done to the clock of this machine.
  Time now() const;

 private:
  Throttle::Judgement judge(const Throttle::Attempt& attempt, Time waited);
  bool begin_wait(const std::string& source);
  void end_wait(const std::string& source);

  const Time started_;
  const std::chrono::steady_clock::time_point steady_start_ = std::chrono::steady_clock::now();
  mutable std::mutex mutex_;  // Guards what follows.
  Throttle throttle_;
  std::size_t waiting_ = 0;
  std::unordered_map<std::string, std::size_t> waiting_by_source_;
};

}  // namespace netkit::auth
