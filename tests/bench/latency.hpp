// Latencies of millions of messages in fixed memory: counts in buckets that grow with the value.
// For load.cpp; a percentile read from it is at most 1.6 % too large.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace netkit::bench {

class Latencies {
 public:
  void add(std::int64_t ns) noexcept {
    const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0));
    ++counts_[bucket_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  std::uint64_t count() const noexcept { return count_; }
  double max_us() const noexcept { return static_cast<double>(max_) / 1e3; }

  /// The latency in microseconds that `share` (0 to 1) of the messages did not exceed; 0 if none.
  double percentile_us(double share) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (unsigned bucket = 0; bucket < buckets; ++bucket) {
      seen += counts_[bucket];
      if (seen > wanted) return static_cast<double>(std::min(upper_edge(bucket), max_)) / 1e3;
    }
    return max_us();
  }

 private:
  // 64 buckets for each power of two; values below 64 ns have one each.
  static constexpr unsigned steps = 64;
  static constexpr unsigned step_bits = 6;
  static constexpr unsigned buckets = steps * (64 - step_bits + 1);

  static unsigned bucket_of(std::uint64_t value) noexcept {
    if (value < steps) return static_cast<unsigned>(value);
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - step_bits - 1;
    return steps * (shift + 1) + static_cast<unsigned>(value >> shift) - steps;
  }

  static std::uint64_t upper_edge(unsigned bucket) noexcept {
    if (bucket < steps) return bucket;
    const unsigned shift = bucket / steps - 1;
    return ((std::uint64_t{bucket % steps} + steps + 1) << shift) - 1;
  }

  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace netkit::bench
