// What a series of round trips amounts to. Pure: fed durations, prints nothing.
#pragma once

#include <cstdint>
#include <string>

#include "base/histogram.hpp"
#include "base/json.hpp"

namespace netkit::echo {

class RoundTrips {
 public:
  void sent() { ++sent_; }
  void received(Duration round_trip);

  std::uint64_t count_sent() const { return sent_; }
  std::uint64_t count_received() const { return histogram_.count(); }
  /// 0 to 1; 0 when nothing was sent.
  double loss() const;
  /// The smoothed difference of consecutive round trips (RFC 3550, 6.4.1 and A.8, of round trips).
  Duration jitter() const { return Duration{static_cast<std::int64_t>(jitter_ns_)}; }
  const Histogram& histogram() const { return histogram_; }

 private:
  Histogram histogram_;
  std::uint64_t sent_ = 0;
  Duration previous_{0};
  double jitter_ns_ = 0;
};

/// "min/median/p90/p99/max = 0.1/0.2/0.3/0.4/0.5 ms, jitter 0.01 ms": all in one unit.
std::string percentile_line(const RoundTrips& trips);

/// Adds min_s, median_s, p90_s, p99_s, max_s (seconds) of `histogram`.
void add_percentiles(JsonObject& to, const Histogram& histogram);

/// Bars by doubling latencies, "    64 us | ######   123", at most `width` columns wide.
std::string drawn(const Histogram& histogram, unsigned width);

}  // namespace netkit::echo
