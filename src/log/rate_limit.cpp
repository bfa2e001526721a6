// Counting windows. A linear search over 64 short names is cheaper than a tree and needs no memory.
#include "log/rate_limit.hpp"

namespace netkit::log {

bool RateLimit::is_over(const Entry& entry, Time now) const {
  return now < entry.start || now - entry.start >= limits_.window;
}

std::optional<RateLimit::Repeats> RateLimit::take(Entry& entry) {
  if (entry.repeated == 0) return std::nullopt;
  Repeats repeats{entry.name, entry.level, entry.repeated};
  entry.repeated = 0;
  return repeats;
}

RateLimit::Entry& RateLimit::entry_for(std::string_view name, Level level, Time now) {
  Entry* free = nullptr;
  for (Entry& entry : entries_) {
    if (entry.name == name && entry.level == level && !name.empty()) return entry;
    // A window that is over and kept nothing back has nothing to remember.
    if (!free && (entry.name.empty() || (entry.repeated == 0 && is_over(entry, now))))
      free = &entry;
  }
  if (!free) {
    // The count that strangers share keeps the most serious level among them.
    if (other_.name.empty()) other_ = Entry{"other", level, now, 0, 0};
    if (level > other_.level) other_.level = level;
    return other_;
  }
  *free = Entry{std::string{name}, level, now, 0, 0};
  return *free;
}

RateLimit::Verdict RateLimit::admit(std::string_view name, Level level, Time now) {
  Entry& entry = entry_for(name, level, now);
  Verdict verdict;
  if (is_over(entry, now)) {
    verdict.over = take(entry);
    entry.start = now;
    entry.written = 0;
  }
  const std::uint32_t burst = level >= Level::warn ? limits_.burst_serious : limits_.burst;
  verdict.write = entry.written < burst;
  if (verdict.write)
    ++entry.written;
  else
    ++entry.repeated;
  return verdict;
}

std::optional<RateLimit::Repeats> RateLimit::take_over(Time now) {
  for (Entry& entry : entries_)
    if (entry.repeated > 0 && is_over(entry, now)) return take(entry);
  return is_over(other_, now) ? take(other_) : std::nullopt;
}

std::optional<RateLimit::Repeats> RateLimit::take_any() {
  for (Entry& entry : entries_)
    if (entry.repeated > 0) return take(entry);
  return take(other_);
}

}  // namespace netkit::log
