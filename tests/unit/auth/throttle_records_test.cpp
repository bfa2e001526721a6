// Tests of what the throttle keeps: across a restart, with any clock, and that it stays small and
// fast whatever comes.
#include <chrono>
#include <doctest/doctest.h>

#include "unit/auth/throttle_values.hpp"

using namespace netkit;
using namespace netkit::auth;
using namespace netkit::auth::test;

TEST_CASE("Throttle: a clock that is set back holds nobody up for longer than the wait") {
  Throttle throttle = fresh();
  fail(throttle, by("ana", "192.0.2.1"), 9, start);
  const Time back = start - 10L * 365 * 24 * 3600;
  CHECK(wait(throttle, by("ana", "192.0.2.1"), back) == 16);
  CHECK(wait(throttle, by("ana", "192.0.2.1"), back + 15) == 1);
  CHECK(wait(throttle, by("ana", "192.0.2.1"), back + 16) == 0);
  CHECK(throttle.bans(back, 100).front().until == back + 16);
  fail(throttle, by("ana"), 1, back + 16);
  CHECK(wait(throttle, by("ana"), back + 16) == 32);
  // Set forward, all has faded, as it would have by then.
  CHECK(wait(throttle, by("ana"), start) == 0);
}

TEST_CASE("Throttle: counts survive a restart") {
  Throttle before = fresh();
  fail(before, by("ana", "192.0.2.1"), 9, start);
  fail(before, by("ana", "192.0.2.1", "device hash"), 6, start);
  const std::vector<ThrottleRecord> records = all_changes(before);
  CHECK(records.size() == 3);
  CHECK(before.take_changes(1'000'000).empty());
  Throttle after = fresh();
  after.restore(records, start);
  CHECK(after.take_changes(1'000'000).empty());
  CHECK(wait(after, by("ana"), start + 1) == 15);
  CHECK(wait(after, by("bob", "192.0.2.1"), start + 1) == 15);
  CHECK(wait(after, by("ana", "", "device hash"), start + 1) == 1);
}

TEST_CASE("Throttle: stands any records, and has the vault forget what is none") {
  Throttle throttle = fresh();
  const std::vector<ThrottleRecord> records{{"u:future", 9, start + 1'000'000},
                                            {"u:many", 4'000'000'000, start},
                                            {"u:zero", 0, start},
                                            {"", 9, start},
                                            {"q:x", 9, start},
                                            {"u:max", 9, INT64_MAX},
                                            {"u:min", 9, INT64_MIN},
                                            {"u:" + std::string(100'000, 'x'), 9, start}};
  throttle.restore(records, start);
  CHECK(throttle.size() == 3);
  CHECK(wait(throttle, by("future"), start) == 16);
  CHECK(wait(throttle, by("max"), start) == 16);
  CHECK(wait(throttle, by("many"), start) == 900);
  CHECK(throttle.bans(start + 20 * 3600, 100).empty());
  std::size_t gone = 0;
  for (const ThrottleRecord& record : all_changes(throttle))
    gone += record.failures == 0;
  CHECK(gone == 5);
}

TEST_CASE("Throttle: changes are told once, in parts, and again if they could not be kept") {
  Throttle throttle = fresh();
  for (int i = 0; i < 5; ++i)
    fail(throttle, by("user" + std::to_string(i)), 1, start);
  CHECK(throttle.take_changes(3).size() == 3);
  const std::vector<ThrottleRecord> rest = throttle.take_changes(3);
  REQUIRE(rest.size() == 2);
  CHECK(throttle.take_changes(3).empty());
  throttle.give_back(rest);
  CHECK(throttle.take_changes(3).size() == 2);
  // What the vault holds it is told to forget; what it never saw it is not told of.
  throttle.succeeded(by("user0"), start);
  fail(throttle, by("short"), 1, start);
  throttle.succeeded(by("short"), start);
  const std::vector<ThrottleRecord> gone = throttle.take_changes(3);
  REQUIRE(gone.size() == 1);
  CHECK(gone[0].key == "u:user0");
  CHECK(gone[0].failures == 0);
}

TEST_CASE("Throttle: one that went and came again before the vault knew is still forgotten") {
  Throttle throttle = fresh();
  fail(throttle, by("ana"), 1, start);
  CHECK(throttle.take_changes(1'000'000).size() == 1);
  throttle.succeeded(by("ana"), start);
  fail(throttle, by("ana"), 1, start);
  throttle.succeeded(by("ana"), start);
  const std::vector<ThrottleRecord> gone = throttle.take_changes(1'000'000);
  REQUIRE(gone.size() == 1);
  CHECK(gone[0].failures == 0);
}

TEST_CASE("Throttle: a flood of names and sources leaves it small, fast, and aware of its victim") {
  Throttle throttle = fresh();
  fail(throttle, by("victim"), 12, start);
  constexpr int flood = 1'000'000;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < flood; ++i) {
    const Throttle::Attempt attempt = by("f" + std::to_string(i));
    static_cast<void>(throttle.judge(attempt, 0, start + i / 10'000));
    static_cast<void>(throttle.failed(attempt, "wrong", start + i / 10'000));
    if (i % 100'000 == 0) static_cast<void>(throttle.take_changes(1'000'000));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  const double each_us = took.count() * 1e6 / flood;
  MESSAGE(each_us, " us an attempt");
  CHECK(throttle.size() == throttles_max);
  CHECK(wait(throttle, by("victim"), start + flood / 10'000) == 128 - flood / 10'000);
  // What is told to the vault is bounded, too.
  CHECK(all_changes(throttle).size() <= 2 * throttles_max);
  // All of it fades, and goes as new ones come.
  fail(throttle, by("late"), 3, start + 48 * 3600);
  CHECK(throttle.size() < throttles_max);
}
