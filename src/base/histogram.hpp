// How often each latency occurred, in fixed memory whatever the number of samples. For echo's
// ping, bench and compare; never allocates, not safe for two threads (one each, then merge).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/units.hpp"

namespace netkit {

/// Log-linear: exact below 256 ns, then 128 steps for each doubling, so that a value read back is
/// within 0.4 % of one recorded. 36 KiB; keep it on the heap or in a long-lived object.
class Histogram {
 public:
  /// The largest value kept apart; a longer one counts as this long.
  static constexpr Duration value_max = std::chrono::hours{1};

  /// Counts one sample; a negative one counts as zero.
  void record(Duration sample) noexcept { record(sample, 1); }

  /// Counts `times` equal samples.
  void record(Duration sample, std::uint64_t times) noexcept {
    const auto ns =
        static_cast<std::uint64_t>(std::clamp(sample, Duration::zero(), value_max).count());
    counts_[index_of(ns)] += times;
    count_ += times;
    sum_ns_ += static_cast<double>(ns) * static_cast<double>(times);
    min_ns_ = std::min(min_ns_, times == 0 ? min_ns_ : ns);
    max_ns_ = std::max(max_ns_, times == 0 ? max_ns_ : ns);
  }

  /// Adds what `other` holds, as if each of its samples had been recorded here.
  void merge(const Histogram& other) noexcept;

  void reset() noexcept { *this = Histogram{}; }

  std::uint64_t count() const noexcept { return count_; }
  /// Exact; zero without samples.
  Duration min() const noexcept;
  /// Exact up to value_max; zero without samples.
  Duration max() const noexcept;
  /// Exact but for rounding; zero without samples.
  Duration mean() const noexcept;

  /// The smallest value that at least `percent` of the samples do not exceed (nearest rank), within
  /// 0.4 % and never outside min..max; zero without samples. Clamped to 0..100: 0 is min, 100 max.
  Duration percentile(double percent) const noexcept;

  /// How many samples lie at or below `limit`, to the resolution of the buckets: for the bars of a
  /// drawn histogram and for cumulative metrics.
  std::uint64_t count_up_to(Duration limit) const noexcept;

 private:
  // The 8 leading bits choose the bucket. Or-ing in their lowest spares small values a branch.
  static constexpr std::size_t index_of(std::uint64_t ns) noexcept {
    const auto shift = static_cast<unsigned>(std::bit_width(ns | 128)) - 8;
    return static_cast<std::size_t>((std::uint64_t{shift} << 7) + (ns >> shift));
  }
  // index_of(1 h) + 1: its 42 bits give shift 34 and 209 for the leading eight. The source of
  // this class asserts it.
  static constexpr std::size_t buckets = (34 << 7) + 209 + 1;
  static std::uint64_t middle_ns(std::size_t index) noexcept;

  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t min_ns_ = UINT64_MAX;
  std::uint64_t max_ns_ = 0;
  double sum_ns_ = 0;
};

}  // namespace netkit
