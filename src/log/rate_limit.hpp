// Decides which events of a flood are written and which only counted. A pure machine: time is an
// argument, memory is bounded. The Logger feeds it under its lock.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "log/level.hpp"

namespace netkit::log {

struct RateLimits {
  std::uint32_t burst = 100;           ///< Lines of one event name in a window, up to info.
  std::uint32_t burst_serious = 1000;  ///< The same for warn and error.
  std::chrono::milliseconds window{1000};
};

/// The first `burst` events of a name and level in a window are written, the rest counted. A window
/// starts with the first event after the last one was over. A clock set back starts a new one.
class RateLimit {
 public:
  using Time = std::chrono::system_clock::time_point;

  /// Names (with their level) told apart; further ones share one count under the name "other".
  static constexpr std::size_t names_max = 64;

  /// What a window that is over kept back.
  struct Repeats {
    std::string name;
    Level level = Level::info;
    std::uint64_t count = 0;
  };
  struct Verdict {
    bool write = true;
    std::optional<Repeats> over;  ///< To be written before the event itself.
  };

  explicit RateLimit(RateLimits limits = {}) : limits_{limits} {}

  Verdict admit(std::string_view name, Level level, Time now);

  /// One window that was over by `now` and kept events back; nullopt when there is none. Call until
  /// nullopt; it ends after at most names_max + 1 calls.
  std::optional<Repeats> take_over(Time now);
  /// The same whether or not the window is over: for the last lines of a process.
  std::optional<Repeats> take_any();

 private:
  struct Entry {
    std::string name;  // Empty: a free place.
    Level level = Level::info;
    Time start;
    std::uint32_t written = 0;
    std::uint64_t repeated = 0;
  };
  Entry& entry_for(std::string_view name, Level level, Time now);
  bool is_over(const Entry& entry, Time now) const;
  static std::optional<Repeats> take(Entry& entry);

  RateLimits limits_;
  std::array<Entry, names_max> entries_;
  Entry other_;
};

}  // namespace netkit::log
