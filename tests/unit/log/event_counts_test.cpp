// Tests of how events are counted: by name and by a word of ours, in bounded memory, by any thread.
#include "log/event_counts.hpp"

#include <doctest/doctest.h>
#include <thread>

#include "base/error.hpp"
#include "base/result.hpp"
#include "log/logger.hpp"

using namespace netkit;
using namespace netkit::log;
using namespace std::chrono_literals;

namespace {

std::string word(std::initializer_list<Field> fields) {
  return std::string{reason_word(
      {.time = {}, .service = {}, .name = {}, .fields = {fields.begin(), fields.size()}})};
}

/// Events of a logger that lets nothing into its log.
struct Bench {
  MemorySink sink;
  Logger logger{"echo", sink, {.level = Level::off}};
  EventCounts counts;

  Bench() {
    logger.observe([this](const Event& event) { counts.add(event); });
  }
  std::uint64_t count(std::string_view event, std::string_view reason) const {
    for (const auto& each : counts.counts())
      if (each.event == event && each.reason == reason) return each.count;
    return 0;
  }
};

}  // namespace

TEST_CASE("reason_word: the sentence behind what was attempted, as a word") {
  CHECK(word({{"reason", "closed"}}) == "closed");
  CHECK(word({{"reason", "denied by --allow or --deny"}}) == "denied");
  CHECK(word({{"reason", "cannot read a line: larger than the limit (at most 64KiB)"}}) ==
        "too_large");
  CHECK(word({{"error", "cannot reach it: Connection refused"}}) == "connection_refused");
  CHECK(word({{"address", "127.0.0.1"}}).empty());
  CHECK(word({}).empty());
}

TEST_CASE("reason_word: knows every failure of netkit's own that a peer can cause") {
  for (int code = 1; code <= static_cast<int>(Errc::stopped); ++code) {
    const Error error{static_cast<Errc>(code), "talk: to a peer (it)", "try again: later"};
    CHECK_MESSAGE(word({{"reason", error.message()}}) != "other", error.message());
    CHECK_MESSAGE(!word({{"reason", error.message()}}).empty(), error.message());
  }
}

TEST_CASE("reason_word: says nothing that a peer or a person wrote") {
  CHECK(word({{"reason", "ups"}}) == "other");
  CHECK(word({{"reason", "my timed outing"}}) == "other");
  CHECK(word({{"reason", ""}}) == "other");
  CHECK(word({{"state", "down"}, {"reason", "ups"}}) == "down");
  CHECK(word({{"state", "Down \n"}}) == "other");
  CHECK(word({{"reason", 7}}).empty());
}

TEST_CASE("EventCounts: counts each event by name and reason, whatever is logged") {
  Bench bench;
  bench.logger.debug("retry");
  for (int i = 0; i < 3; ++i)
    bench.logger.warn("refuse", {{"reason", "denied by --allow or --deny"}});
  CHECK(bench.count("retry", "") == 1);
  CHECK(bench.count("refuse", "denied") == 3);
  CHECK(bench.counts.counts().size() == 2);
  CHECK(bench.sink.lines().empty());
}

TEST_CASE("EventCounts: keeps a bounded number of pairs apart and loses no count") {
  Bench bench;
  std::uint64_t events = 0;
  for (char a = 'a'; a <= 'z'; ++a)
    for (char b = 'a'; b <= 'z'; ++b, ++events)
      bench.logger.info("order", {{"state", std::string{a, b}}});
  for (int i = 0; i < 1000; ++i, ++events)
    bench.logger.info("event" + std::to_string(i));
  std::uint64_t counted = 0;
  for (const auto& each : bench.counts.counts())
    counted += each.count;
  CHECK(counted == events);
  CHECK(bench.counts.counts().size() <= 2 * EventCounts::pairs_max + 1);
  CHECK(bench.count("order", "other") == 676 - EventCounts::pairs_max);
}

TEST_CASE("EventCounts: sorts durations into their buckets") {
  Bench bench;
  for (const Duration lasted : {Duration{1ms}, Duration{1001us}, Duration{2min}, Duration{25h}})
    bench.logger.info("disconnect", {{"duration", lasted}});
  bench.logger.info("disconnect", {{"duration", 5}});
  const EventCounts::Durations durations = bench.counts.durations();
  CHECK(durations.buckets == std::array<std::uint64_t, 9>{1, 1, 0, 0, 0, 0, 1, 0, 1});
  CHECK(durations.count == 4);
  CHECK(durations.sum_s == doctest::Approx(90120.002001));
}

TEST_CASE("EventCounts: counts what several threads do") {
  Bench bench;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < 1000; ++n)
          bench.logger.info("connect");
      });
  }
  CHECK(bench.count("connect", "") == 4000);
}
