// Tests of the deadline that follows every message without setting its timer again.
#include "net/deadline.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <doctest/doctest.h>
#include <optional>

using namespace netkit::net;
using namespace std::chrono_literals;

namespace {

struct Bench {
  asio::io_context io;
  int count = 0;
  std::optional<Deadline> deadline;

  Bench() {
    deadline.emplace(io.get_executor(), [this] { ++count; });
  }
};

}  // namespace

TEST_CASE("Deadline: passes once, and stays passed until it is moved") {
  Bench bench;
  CHECK_FALSE(bench.deadline->passed());
  bench.deadline->expire_in(1ms);
  CHECK_FALSE(bench.deadline->passed());
  bench.io.run();
  CHECK(bench.deadline->passed());
  CHECK(bench.count == 1);
  bench.deadline->expire_never();
  CHECK_FALSE(bench.deadline->passed());
  bench.io.restart();
  bench.deadline->expire_in(1ms);
  bench.io.run();
  CHECK(bench.deadline->passed());
  CHECK(bench.count == 2);
}

TEST_CASE("Deadline: a limit that is over already passes") {
  Bench bench;
  bench.deadline->expire_in(0ns);
  bench.io.run();
  CHECK(bench.count == 1);
  bench.io.restart();
  bench.deadline->expire_in(-1h);
  bench.io.run();
  CHECK(bench.count == 2);
}

TEST_CASE("Deadline: moved on, it does not pass at the old time") {
  Bench bench;
  bench.deadline->expire_in(1ms);
  bench.deadline->expire_in(1h);
  bench.io.run_one();  // The timer was set for the first limit; it is set again.
  CHECK_FALSE(bench.deadline->passed());
  bench.deadline->expire_in(1ms);
  while (bench.count == 0 && bench.io.run_one() > 0) {
  }
  CHECK(bench.deadline->passed());
  CHECK(bench.count == 1);
}

TEST_CASE("Deadline: a nearer limit is kept") {
  Bench bench;
  bench.deadline->expire_in(1h);
  bench.deadline->expire_in(1ms);
  bench.io.run();
  CHECK(bench.count == 1);
}

TEST_CASE("Deadline: never passes after expire_never") {
  Bench bench;
  bench.deadline->expire_in(1ms);
  bench.deadline->expire_never();
  bench.io.run();
  CHECK_FALSE(bench.deadline->passed());
  CHECK(bench.count == 0);
}

TEST_CASE("Deadline: a limit beyond the clock's end is none") {
  Bench bench;
  bench.deadline->expire_in(std::chrono::nanoseconds::max());
  CHECK(bench.io.poll() == 0);
  CHECK_FALSE(bench.deadline->passed());
}

TEST_CASE("Deadline: says nothing once it has gone, even if it was due") {
  Bench bench;
  bench.deadline->expire_in(1h);
  bench.deadline.reset();
  bench.io.run();
  CHECK(bench.count == 0);

  bench.io.restart();
  bench.deadline.emplace(bench.io.get_executor(), [&] { ++bench.count; });
  bench.deadline->expire_in(0ns);
  // Runs in the same turn as the timer's handler, and before it.
  asio::post(bench.io, [&] { bench.deadline.reset(); });
  bench.io.run();
  CHECK(bench.count == 0);
}
