// Tests of what a series of round trips amounts to, with durations that are literals.
#include "commands/echo/statistics.hpp"

#include <doctest/doctest.h>

#include "base/text.hpp"

using namespace netkit;
using namespace netkit::echo;
using namespace std::chrono_literals;

namespace {

RoundTrips trips(std::initializer_list<Duration> received, int lost = 0) {
  RoundTrips made;
  for (int i = 0; i < lost; ++i)
    made.sent();
  for (const Duration each : received) {
    made.sent();
    made.received(each);
  }
  return made;
}

}  // namespace

TEST_CASE("RoundTrips: loss is the share that got no answer") {
  CHECK(RoundTrips{}.loss() == 0);
  CHECK(trips({1ms, 1ms, 1ms}, 1).loss() == 0.25);
  CHECK(trips({1ms}).loss() == 0);
  CHECK(trips({}, 3).loss() == 1);
  RoundTrips more = trips({1ms});  // A datagram may come twice.
  more.received(1ms);
  CHECK(more.loss() == 0);
  CHECK(more.count_sent() == 1);
  CHECK(more.count_received() == 2);
}

TEST_CASE("RoundTrips: jitter moves a sixteenth of the way to each difference") {
  CHECK(trips({}).jitter() == 0ns);
  CHECK(trips({5ms}).jitter() == 0ns);
  CHECK(trips({5ms, 5ms}).jitter() == 0ns);
  // RFC 3550, A.8: J += (|D| - J) / 16. 16 ms: 1 ms; then 0: 1 - 1/16 ms; the sign is nothing.
  CHECK(trips({0ms, 16ms}).jitter() == 1ms);
  CHECK(trips({16ms, 0ms}).jitter() == 1ms);
  CHECK(trips({0ms, 16ms, 16ms}).jitter() == 937'500ns);
}

TEST_CASE("percentile_line: is in one unit, by the longest") {
  CHECK(percentile_line(trips({100ns, 200ns})) ==
        "min/median/p90/p99/max = 0.100/0.100/0.200/0.200/0.200 us, jitter 0.006 us");
  CHECK(percentile_line(trips({2ms})) ==
        "min/median/p90/p99/max = 2.000/2.000/2.000/2.000/2.000 ms, jitter 0.000 ms");
  CHECK(percentile_line(RoundTrips{}) ==
        "min/median/p90/p99/max = 0.000/0.000/0.000/0.000/0.000 us, jitter 0.000 us");
}

TEST_CASE("add_percentiles: adds seconds") {
  JsonObject object;
  add_percentiles(object, trips({500ms, 500ms}).histogram());
  CHECK(object.str() == R"({"min_s":0.5,"median_s":0.5,"p90_s":0.5,"p99_s":0.5,"max_s":0.5})");
}

TEST_CASE("drawn: one bar a doubling, empty ones between, the tallest as wide as the room") {
  CHECK(drawn(Histogram{}, 80).empty());
  Histogram histogram;
  histogram.record(3ns, 12);
  histogram.record(4ns, 12);
  histogram.record(14ns, 6);
  histogram.record(15ns);
  CHECK(drawn(histogram, 40) ==
        "<=      4 ns |############ 24\n"
        "<=      8 ns |             0\n"
        "<=     16 ns |###          7\n");
}

TEST_CASE("drawn: stays within its width, whatever was recorded") {
  Histogram histogram;
  histogram.record(0ns);
  histogram.record(1ns, 1'000'000'000);
  histogram.record(Histogram::value_max);
  for (const unsigned width : {0u, 40u, 80u, 100u, 4'000'000'000u}) {
    const std::string text = drawn(histogram, width);
    const auto lines = split(text, '\n');
    CHECK(lines.size() <= 45);
    for (const std::string_view line : lines)
      CHECK_MESSAGE(line.size() <= std::clamp(width, 40u, 100u), line);
    CHECK(lines.front().find('#') != std::string_view::npos);
  }
}

TEST_CASE("seconds: is a fraction") {
  CHECK(seconds(1500ms) == 1.5);
  CHECK(seconds(-1s) == -1);
}
