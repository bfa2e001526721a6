// How fast bytes may go, with the time as an argument.
#include "commands/filesrv/pace.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::filesrv;
using namespace std::chrono_literals;

namespace {

const Pace::Clock::time_point start{1000s};

}  // namespace

TEST_CASE("Pace: without a rate all may go at once") {
  Pace pace{0};
  CHECK_FALSE(pace.is_limited());
  CHECK(pace.take(SIZE_MAX, start) == start);
}

TEST_CASE("Pace: bytes go one after the other, whoever asks for them") {
  Pace pace{1000};
  // A tenth of a second's worth goes at once.
  CHECK(pace.take(100, start) == start);
  CHECK(pace.take(1000, start) == start + 1s);
  CHECK(pace.take(500, start) == start + 1500ms);
  CHECK(pace.take(500, start + 1s) == start + 2s);
}

TEST_CASE("Pace: a pause saves up a tenth of a second and no more") {
  Pace pace{1000};
  CHECK(pace.take(100, start) == start);
  CHECK(pace.take(100, start + 1h) == start + 1h);
  CHECK(pace.take(100, start + 1h) == start + 1h + 100ms);
}

TEST_CASE("pace_size: the slower of the two says how much goes between waits") {
  const Pace none{0};
  const Pace slow{100'000};
  const Pace slower{4'000};
  CHECK(pace_size(none, none) == UINT64_MAX);
  CHECK(pace_size(slow, none) == 5'000);
  CHECK(pace_size(slow, slower) == 1024);
}
