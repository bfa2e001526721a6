// Arithmetic and layout of round trips.
#include "commands/echo/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <vector>

namespace netkit::echo {

void RoundTrips::received(Duration round_trip) {
  if (histogram_.count() > 0) {
    const double step = std::abs(static_cast<double>((round_trip - previous_).count()));
    jitter_ns_ += (step - jitter_ns_) / 16;
  }
  previous_ = round_trip;
  histogram_.record(round_trip);
}

double RoundTrips::loss() const {
  if (sent_ == 0) return 0;
  return 1 - static_cast<double>(std::min(count_received(), sent_)) / static_cast<double>(sent_);
}

std::string percentile_line(const RoundTrips& trips) {
  const Histogram& all = trips.histogram();
  const bool in_us = all.max() < std::chrono::milliseconds{1};
  const double scale = in_us ? 1e6 : 1e3;
  const auto show = [&](Duration value) { return seconds(value) * scale; };
  return fmt::format(
      "min/median/p90/p99/max = {:.3f}/{:.3f}/{:.3f}/{:.3f}/{:.3f} {}, jitter {:.3f} {}",
      show(all.min()), show(all.percentile(50)), show(all.percentile(90)), show(all.percentile(99)),
      show(all.max()), in_us ? "us" : "ms", show(trips.jitter()), in_us ? "us" : "ms");
}

void add_percentiles(JsonObject& to, const Histogram& histogram) {
  to.add("min_s", seconds(histogram.min()))
      .add("median_s", seconds(histogram.percentile(50)))
      .add("p90_s", seconds(histogram.percentile(90)))
      .add("p99_s", seconds(histogram.percentile(99)))
      .add("max_s", seconds(histogram.max()));
}

std::string drawn(const Histogram& histogram, unsigned width) {
  if (histogram.count() == 0) return {};
  // Steps of a power of two: latencies spread over magnitudes, and equal steps would show one bar.
  Duration limit{1};
  while (limit < histogram.min())
    limit *= 2;
  struct Bar {
    Duration limit;
    std::uint64_t count;
  };
  std::vector<Bar> bars;
  std::uint64_t before = 0;
  for (;; limit *= 2) {
    const std::uint64_t upto =
        limit >= histogram.max() ? histogram.count() : histogram.count_up_to(limit);
    bars.push_back({limit, upto - before});
    before = upto;
    if (limit >= histogram.max()) break;
  }
  std::uint64_t tallest = 1;
  for (const Bar& bar : bars)
    tallest = std::max(tallest, bar.count);
  const std::uint64_t room = std::clamp(width, 40u, 100u) - 28;
  std::string text;
  for (const Bar& bar : bars) {
    const auto length = static_cast<std::size_t>(bar.count * room / tallest);
    text += fmt::format("<= {:>9} |{:<{}}{}\n", to_people(bar.limit),
                        std::string(bar.count > 0 ? std::max<std::size_t>(length, 1) : 0, '#'),
                        room + 1, bar.count);
  }
  return text;
}

}  // namespace netkit::echo
