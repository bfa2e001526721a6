// Tests of the latency histogram against sorted samples.
#include "base/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <memory>
#include <random>
#include <vector>

using namespace netkit;
using namespace std::chrono_literals;

TEST_CASE("Histogram: is empty at first") {
  const auto histogram = std::make_unique<Histogram>();
  CHECK(histogram->count() == 0);
  CHECK(histogram->min() == 0ns);
  CHECK(histogram->max() == 0ns);
  CHECK(histogram->mean() == 0ns);
  CHECK(histogram->percentile(50) == 0ns);
  CHECK(histogram->count_up_to(1h) == 0);
}

TEST_CASE("Histogram: is exact below 256 ns") {
  const auto histogram = std::make_unique<Histogram>();
  for (int ns = 1; ns <= 100; ++ns)
    histogram->record(Duration{ns});
  CHECK(histogram->count() == 100);
  CHECK(histogram->min() == 1ns);
  CHECK(histogram->max() == 100ns);
  CHECK(histogram->mean() == 51ns);  // 50.5, rounded
  CHECK(histogram->percentile(0) == 1ns);
  CHECK(histogram->percentile(50) == 50ns);
  CHECK(histogram->percentile(50.1) == 51ns);
  CHECK(histogram->percentile(99) == 99ns);
  CHECK(histogram->percentile(100) == 100ns);
  CHECK(histogram->percentile(std::nan("")) == 1ns);
  CHECK(histogram->count_up_to(10ns) == 10);
  CHECK(histogram->count_up_to(-1ns) == 0);
}

TEST_CASE("Histogram: clamps what is negative or longer than an hour") {
  const auto histogram = std::make_unique<Histogram>();
  histogram->record(-5s);
  histogram->record(48h);
  histogram->record(Duration::max());
  histogram->record(Duration::min());
  CHECK(histogram->count() == 4);
  CHECK(histogram->min() == 0ns);
  CHECK(histogram->max() == 1h);
  CHECK(histogram->percentile(100) == 1h);
  CHECK(histogram->count_up_to(0ns) == 2);
}

TEST_CASE("Histogram: every percentile is within 1 % of the sorted samples'") {
  std::mt19937_64 random{42};
  std::uniform_real_distribution<double> magnitude{1, 12.5};
  const auto histogram = std::make_unique<Histogram>();
  std::vector<std::int64_t> sorted;
  for (int i = 0; i < 20'000; ++i) {
    sorted.push_back(static_cast<std::int64_t>(std::pow(10, magnitude(random))));
    histogram->record(Duration{sorted.back()});
  }
  std::sort(sorted.begin(), sorted.end());
  for (double percent = 0.5; percent < 100; percent += 0.5) {
    const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * 20'000));
    const auto expected = static_cast<double>(sorted[rank - 1]);
    const auto found = static_cast<double>(histogram->percentile(percent).count());
    CHECK(std::abs(found - expected) <= expected * 0.005);
  }
}

TEST_CASE("Histogram: merging equals recording in one") {
  const auto whole = std::make_unique<Histogram>();
  const auto left = std::make_unique<Histogram>();
  const auto right = std::make_unique<Histogram>();
  for (int i = 1; i < 1000; ++i) {
    const Duration sample = i * 37us;
    whole->record(sample);
    (i % 3 == 0 ? left : right)->record(sample);
  }
  const Histogram empty;
  left->merge(*right);
  left->merge(empty);
  CHECK(left->count() == whole->count());
  CHECK(left->min() == whole->min());
  CHECK(left->max() == whole->max());
  CHECK(left->mean() == whole->mean());
  for (const double percent : {1.0, 50.0, 90.0, 99.9})
    CHECK(left->percentile(percent) == whole->percentile(percent));
}

TEST_CASE("Histogram: records many equal samples at once and resets") {
  const auto histogram = std::make_unique<Histogram>();
  histogram->record(5ms, 1'000'000'000'000);
  histogram->record(1ms, 0);
  CHECK(histogram->count() == 1'000'000'000'000);
  CHECK(histogram->min() == 5ms);
  CHECK(histogram->mean() == 5ms);
  histogram->reset();
  CHECK(histogram->count() == 0);
  CHECK(histogram->max() == 0ns);
}
