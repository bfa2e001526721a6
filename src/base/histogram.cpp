// Reading a histogram: percentiles by nearest rank, merged counts.
#include "base/histogram.hpp"

#include <cmath>

namespace netkit {

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < buckets; ++i)
    counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
  min_ns_ = std::min(min_ns_, other.min_ns_);
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

Duration Histogram::min() const noexcept {
  return Duration{count_ == 0 ? 0 : static_cast<std::int64_t>(min_ns_)};
}

Duration Histogram::max() const noexcept {
  return Duration{static_cast<std::int64_t>(max_ns_)};
}

Duration Histogram::mean() const noexcept {
  if (count_ == 0) return Duration::zero();
  return Duration{std::llround(sum_ns_ / static_cast<double>(count_))};
}

std::uint64_t Histogram::middle_ns(std::size_t index) noexcept {
  static_assert(index_of(std::uint64_t{value_max.count()}) + 1 == buckets);
  if (index < 256) return index;
  const std::size_t shift = (index >> 7) - 1;
  const std::uint64_t lowest = (index - (shift << 7)) << shift;
  return lowest + (std::uint64_t{1} << shift) / 2;
}

Duration Histogram::percentile(double percent) const noexcept {
  if (count_ == 0) return Duration::zero();
  if (!(percent > 0)) return min();
  if (percent >= 100) return max();
  const auto rank = static_cast<std::uint64_t>(
      std::max(1.0, std::ceil(percent / 100 * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    seen += counts_[i];
    if (seen >= rank)
      return Duration{static_cast<std::int64_t>(std::clamp(middle_ns(i), min_ns_, max_ns_))};
  }
  return max();
}

std::uint64_t Histogram::count_up_to(Duration limit) const noexcept {
  if (limit < Duration::zero()) return 0;
  if (limit >= value_max) return count_;
  const std::size_t last = index_of(static_cast<std::uint64_t>(limit.count()));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i <= last; ++i)
    seen += counts_[i];
  return seen;
}

}  // namespace netkit
