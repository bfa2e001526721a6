// The log of one service: events with named fields, filtered by level, limited in rate, written as
// lines to a Sink. Every layer gets it as an argument; it never throws at its caller, never exits.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "log/level.hpp"
#include "log/line.hpp"
#include "log/rate_limit.hpp"
#include "log/sink.hpp"

namespace netkit::log {

/// Wall-clock time; tests pass their own.
using Clock = std::function<std::chrono::system_clock::time_point()>;

struct LoggerOptions {
  Level level = Level::info;
  Style style = {};
  RateLimits limits = {};
  Clock clock = std::chrono::system_clock::now;
};

/// Safe for any number of threads. The sink must outlive it.
///
///     logger.event(Level::info, "connect", {{"address", text}, {"port", port}, {"active", n}});
///
/// Lines that the sink could not take are counted; the first that it takes again is preceded by
/// a warn event `dropped lines=N`.
class Logger {
 public:
  Logger(std::string service, Sink& sink, LoggerOptions options = {});
  /// Writes the counts that windows still hold back.
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  /// One relaxed load and a compare: ask before computing costly fields.
  bool enabled(Level level) const noexcept {
    return level >= level_.load(std::memory_order_relaxed) && level != Level::off;
  }
  Level level() const noexcept { return level_.load(std::memory_order_relaxed); }
  void set_level(Level level) noexcept { level_.store(level, std::memory_order_relaxed); }

  /// Writes the event if its level is enabled and its rate allows. `name` is ours (snake_case).
  void event(Level level, std::string_view name, std::initializer_list<Field> fields = {}) {
    if (enabled(level) || observer_) write(level, name, {fields.begin(), fields.size()});
  }
  void trace(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::trace, name, fields);
  }
  void debug(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::debug, name, fields);
  }
  void info(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::info, name, fields);
  }
  void warn(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::warn, name, fields);
  }
  void error(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::error, name, fields);
  }

  /// Writes `NAME repeated=N` for each window that is over and kept events back. A timer calls it
  /// once a second; without it the line comes with the next event of that name.
  void flush_repeats() { flush_repeats(clock_()); }
  void flush_repeats(std::chrono::system_clock::time_point now);

  /// Lines lost since the sink last took one.
  std::uint64_t dropped() const;

  /// Sees every event, also those that no level or rate lets into the log: for counting them and
  /// for acting on them. Called by the thread of the event, several at a time; must neither block
  /// nor log. Set before there are other threads.
  using Observer = std::function<void(const Event&)>;
  void observe(Observer observer) { observer_ = std::move(observer); }

 private:
  void write(Level level, std::string_view name, std::span<const Field> fields) noexcept;
  void write_repeats(const RateLimit::Repeats& repeats, std::chrono::system_clock::time_point now);
  void put(const Event& event);

  const std::string service_;
  Sink& sink_;
  const Style style_;
  const Clock clock_;
  std::atomic<Level> level_;
  Observer observer_;
  mutable std::mutex mutex_;  // Guards what follows; the sink is called under it.
  RateLimit limit_;
  std::string line_;
  std::uint64_t dropped_ = 0;
};

}  // namespace netkit::log
