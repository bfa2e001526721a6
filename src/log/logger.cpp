// One lock around limiter, line and sink: what reaches it is at most a few hundred lines a second.
#include "log/logger.hpp"

#include <utility>

namespace netkit::log {

Logger::Logger(std::string service, Sink& sink, LoggerOptions options)
    : service_{std::move(service)},
      sink_{sink},
      style_{options.style},
      clock_{std::move(options.clock)},
      level_{options.level},
      limit_{options.limits} {}

Logger::~Logger() {
  const auto now = clock_();
  const std::lock_guard lock{mutex_};
  while (const auto repeats = limit_.take_any())
    write_repeats(*repeats, now);
}

void Logger::write(Level level, std::string_view name, std::span<const Field> fields) noexcept {
  const auto now = clock_();
  if (observer_) observer_({now, level, service_, name, fields});
  if (!enabled(level)) return;
  const std::lock_guard lock{mutex_};
  const RateLimit::Verdict verdict = limit_.admit(name, level, now);
  if (verdict.over) write_repeats(*verdict.over, now);
  if (verdict.write) put({now, level, service_, name, fields});
}

void Logger::flush_repeats(std::chrono::system_clock::time_point now) {
  const std::lock_guard lock{mutex_};
  while (const auto repeats = limit_.take_over(now))
    write_repeats(*repeats, now);
}

std::uint64_t Logger::dropped() const {
  const std::lock_guard lock{mutex_};
  return dropped_;
}

void Logger::write_repeats(const RateLimit::Repeats& repeats,
                           std::chrono::system_clock::time_point now) {
  const Field fields[] = {{"repeated", repeats.count}};
  put({now, repeats.level, service_, repeats.name, fields});
}

void Logger::put(const Event& event) {
  if (dropped_ > 0) {
    const Field fields[] = {{"lines", dropped_}};
    line_.clear();
    append_line(line_, style_, {event.time, Level::warn, service_, "dropped", fields});
    if (sink_.write(line_)) dropped_ = 0;
  }
  line_.clear();
  append_line(line_, style_, event);
  // While the notice itself finds no room, a shorter line that would fit must not overtake it.
  if (dropped_ > 0 || !sink_.write(line_)) ++dropped_;
}

}  // namespace netkit::log
