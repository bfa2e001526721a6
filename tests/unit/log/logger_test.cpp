// Tests of levels, rate limits and folds. Time is a variable.
#include "log/logger.hpp"

#include <doctest/doctest.h>
#include <string>
#include <thread>
#include <vector>

#include "log/fold.hpp"
#include "log/rate_limit.hpp"

using namespace netkit;
using namespace netkit::log;
using namespace std::chrono_literals;

namespace {

using Instant = std::chrono::system_clock::time_point;

struct Bench {
  Instant now{1'795'235'137s};
  MemorySink sink;
  Logger logger;

  explicit Bench(Level level = Level::info, RateLimits limits = {3, 5, 1000ms})
      : logger{"echo", sink, {level, {Format::text, true, false}, limits, [this] { return now; }}} {
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("Logger: writes what its level allows") {
  Bench bench{Level::warn};
  CHECK_FALSE(bench.logger.enabled(Level::info));
  CHECK(bench.logger.enabled(Level::warn));
  bench.logger.info("connect");
  bench.logger.error("fail", {{"code", 1}});
  bench.logger.set_level(Level::trace);
  bench.logger.trace("step");
  CHECK(bench.sink.lines() == Lines{"<3>error echo: fail code=1", "<7>trace echo: step"});
  bench.logger.set_level(Level::off);
  bench.logger.error("fail");
  CHECK_FALSE(bench.logger.enabled(Level::off));
  CHECK(bench.sink.lines().size() == 2);
}

TEST_CASE("Logger: puts the clock's time on the line") {
  MemorySink sink;
  Logger logger{"echo", sink, {Level::info, {}, {}, [] { return Instant{1'795'235'137'123ms}; }}};
  logger.info("start");
  CHECK(sink.lines() == Lines{"2026-11-21T04:25:37.123Z info echo: start"});
}

TEST_CASE("Logger: counts a flood of one event and leaves other events alone") {
  Bench bench;
  for (int i = 0; i < 10; ++i)
    bench.logger.info("connect", {{"n", i}});
  bench.logger.info("stop");
  CHECK(bench.sink.lines() == Lines{"<6>info echo: connect n=0", "<6>info echo: connect n=1",
                                    "<6>info echo: connect n=2", "<6>info echo: stop"});
  bench.sink.clear();
  bench.now += 1s;
  bench.logger.info("connect", {{"n", 10}});
  CHECK(bench.sink.lines() ==
        Lines{"<6>info echo: connect repeated=7", "<6>info echo: connect n=10"});
}

TEST_CASE("Logger: a timer's flush writes the count once the window is over") {
  Bench bench;
  for (int i = 0; i < 5; ++i)
    bench.logger.info("connect");
  bench.sink.clear();
  bench.now += 999ms;
  bench.logger.flush_repeats();
  CHECK(bench.sink.lines().empty());
  bench.now += 1ms;
  bench.logger.flush_repeats();
  bench.logger.flush_repeats();
  CHECK(bench.sink.lines() == Lines{"<6>info echo: connect repeated=2"});
}

TEST_CASE("Logger: limits warn and error later, and apart from info of the same name") {
  Bench bench;
  for (int i = 0; i < 10; ++i) {
    bench.logger.info("disconnect");
    bench.logger.warn("disconnect");
  }
  CHECK(bench.sink.lines().size() == 3 + 5);
}

TEST_CASE("Logger: the end writes what is still held back") {
  MemorySink sink;
  {
    Logger logger{"echo", sink, {Level::info, {Format::text, true, false}, {1, 1, 1000ms}, [] {
                                   return Instant{1s};
                                 }}};
    logger.info("receive");
    logger.info("receive");
    logger.info("receive");
  }
  CHECK(sink.lines() == Lines{"<6>info echo: receive", "<6>info echo: receive repeated=2"});
}

TEST_CASE("Logger: counts the lines a full sink loses and says so first when it recovers") {
  Bench bench;
  bench.sink.refuse(true);
  bench.logger.info("a");
  bench.logger.info("b");
  CHECK(bench.logger.dropped() == 2);
  bench.sink.refuse(false);
  bench.logger.info("c");
  CHECK(bench.sink.lines() == Lines{"<4>warn echo: dropped lines=2", "<6>info echo: c"});
  CHECK(bench.logger.dropped() == 0);
}

TEST_CASE("Logger: several threads at once lose and tear nothing") {
  MemorySink sink{100'000};
  Logger logger{"echo", sink, {Level::info, {Format::text, true, false}, {100'000, 1, 1h}}};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&logger, t] {
      for (int i = 0; i < 2000; ++i)
        logger.info("connect", {{"thread", t}, {"n", i}});
    });
  for (std::thread& thread : threads)
    thread.join();
  const Lines lines = sink.lines();
  CHECK(lines.size() == 8000);
  for (const std::string& line : lines)
    CHECK(line.starts_with("<6>info echo: connect thread="));
}

TEST_CASE("RateLimit: a clock set back starts a new window") {
  RateLimit limit{{1, 1, 1000ms}};
  const Instant start{100s};
  CHECK(limit.admit("a", Level::info, start).write);
  CHECK_FALSE(limit.admit("a", Level::info, start).write);
  const RateLimit::Verdict verdict = limit.admit("a", Level::info, start - 50s);
  CHECK(verdict.write);
  REQUIRE(verdict.over);
  CHECK(verdict.over->count == 1);
}

TEST_CASE("RateLimit: names beyond the table share one limit, and places are used again") {
  RateLimit limit{{1, 1, 1000ms}};
  const Instant start{100s};
  for (int i = 0; i < 64; ++i)
    CHECK(limit.admit("n" + std::to_string(i), Level::info, start).write);
  CHECK(limit.admit("x", Level::info, start).write);
  CHECK_FALSE(limit.admit("y", Level::warn, start).write);
  const auto repeats = limit.take_over(start + 1s);
  REQUIRE(repeats);
  CHECK(repeats->name == "other");
  CHECK(repeats->level == Level::warn);
  CHECK(repeats->count == 1);
  CHECK_FALSE(limit.take_over(start + 1s));
  CHECK(limit.admit("y", Level::info, start + 1s).write);
  CHECK(limit.admit("z", Level::info, start + 1s).write);
}

TEST_CASE("Fold: logs the first of a window and sums up the rest") {
  Bench bench;
  Fold fold;
  fold.flush(bench.logger, "receive");
  CHECK(fold.add(64));
  fold.flush(bench.logger, "receive");
  CHECK(bench.sink.lines().empty());
  CHECK(fold.add(64));
  CHECK_FALSE(fold.add(100));
  CHECK_FALSE(fold.add(1));
  fold.flush(bench.logger, "receive");
  fold.flush(bench.logger, "receive");
  CHECK(bench.sink.lines() == Lines{"<6>info echo: receive repeated=2 bytes=101"});
}

TEST_CASE("Logger: its observer sees what neither level nor rate lets into the log") {
  Bench bench;
  std::vector<std::string> seen;
  bench.logger.observe([&](const Event& event) {
    seen.push_back(std::string{event.name} + " " + std::to_string(event.fields.size()));
  });
  bench.logger.debug("step", {{"n", 1}});
  for (int i = 0; i < 5; ++i)
    bench.logger.info("connect");
  CHECK(seen == Lines{"step 1", "connect 0", "connect 0", "connect 0", "connect 0", "connect 0"});
  CHECK(bench.sink.lines().size() == 3);
}
