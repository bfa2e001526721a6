// Tests of the throttle: how delays grow and fade, and what does not count.
#include "commands/auth/throttle.hpp"

#include <algorithm>
#include <doctest/doctest.h>

#include "unit/auth/throttle_values.hpp"

using namespace netkit;
using namespace netkit::auth;
using namespace netkit::auth::test;

TEST_CASE("Throttle: five failures are free, then the wait doubles up to a quarter of an hour") {
  Throttle throttle = fresh();
  const Throttle::Attempt ana = by("ana");
  for (int i = 0; i < 5; ++i) {
    CHECK(wait(throttle, ana, start) == 0);
    fail(throttle, ana, 1, start);
  }
  for (const Time expected : {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900}) {
    const Throttle::Judgement judgement = judged(throttle, ana, start);
    CHECK(judgement.wait == expected);
    CHECK(judgement.refuse == (expected > 10));
    fail(throttle, ana, 1, start);
  }
  CHECK(wait(throttle, by("bob"), start) == 0);
}

TEST_CASE("Throttle: a wait runs down, and the next failure starts a longer one") {
  Throttle throttle = fresh();
  fail(throttle, by("ana"), 8, start);
  CHECK(wait(throttle, by("ana"), start) == 8);
  CHECK(wait(throttle, by("ana"), start + 5) == 3);
  CHECK(wait(throttle, by("ana"), start + 8) == 0);
  CHECK(throttle.failed(by("ana"), "another", start + 8) == 16);
  CHECK(wait(throttle, by("ana"), start + 8) == 16);
}

TEST_CASE("Throttle: a volley does not get past the count") {
  Throttle throttle = fresh();
  const Throttle::Attempt ana = by("ana");
  const auto begin = [&](int times, Time now) {
    int begun = 0;
    for (int i = 0; i < times; ++i)
      begun += throttle.judge(ana, 0, now).go_on();
    return begun;
  };
  CHECK(begin(1000, start) == 16);
  CHECK(throttle.judge(ana, 9, start).wait == 1);
  CHECK_FALSE(throttle.judge(ana, 9, start).refuse);
  CHECK(throttle.judge(ana, 10, start).refuse);
  CHECK(wait(throttle, by("bob"), start) == 0);
  // A known device of the same account does not stand in that line.
  CHECK(wait(throttle, by("ana", "", "device hash"), start) == 0);
  fail(throttle, ana, 5, start);
  CHECK(begin(1000, start + 1) == 0);
  for (int i = 0; i < 11; ++i)
    throttle.withdraw(ana);
  CHECK(begin(1000, start + 1) == 1);
  fail(throttle, ana, 1, start + 1);
  CHECK(begin(1000, start + 2) == 0);
  CHECK(begin(1000, start + 3) == 1);
  CHECK(throttle.succeeded(ana, start + 3) == 6);
  CHECK(begin(1000, start + 3) == 16);
}

TEST_CASE("Throttle: a source has more under way than an account, until it fails") {
  Throttle throttle = fresh();
  int user = 0;
  const auto begin = [&](int times, Time now) {
    int begun = 0;
    for (int i = 0; i < times; ++i)
      begun += throttle.judge(by("user" + std::to_string(++user), "192.0.2.1"), 0, now).go_on();
    return begun;
  };
  CHECK(begin(1000, start) == 64);
  for (int i = 1; i <= 64; ++i)
    throttle.failed(by("user" + std::to_string(i), "192.0.2.1"), "wrong", start);
  CHECK(begin(1000, start) == 0);
  CHECK(begin(1000, start + 900) == 1);
}

TEST_CASE("Throttle: failures fade, one an hour, and a day forgets all") {
  Throttle throttle = fresh();
  fail(throttle, by("ana"), 7, start);
  const Time later = start + 2 * 3600;
  CHECK(throttle.bans(later, 100).front().failures == 5);
  CHECK(throttle.bans(later + 3600, 100).empty());
  fail(throttle, by("ana"), 1, later);
  CHECK(wait(throttle, by("ana"), later) == 2);

  fail(throttle, by("bob"), 1000, start);
  CHECK(throttle.bans(start + 19 * 3600, 100).size() == 1);
  CHECK(throttle.bans(start + 20 * 3600, 100).empty());
}

TEST_CASE("Throttle: the same wrong password again does not add") {
  Throttle throttle = fresh();
  const Throttle::Attempt phone = by("ana", "192.0.2.1");
  for (int i = 0; i < 1000; ++i)
    CHECK(throttle.failed(phone, "last year's", start + i) == 0);
  CHECK(throttle.bans(start, 100).empty());
  CHECK(throttle.failed(phone, "1", start) == 0);
  fail(throttle, phone, 3, start);
  CHECK(wait(throttle, phone, start) == 1);
  CHECK(throttle.failed(phone, "1", start) == 1);
  CHECK(wait(throttle, phone, start) == 1);
  CHECK(wait(throttle, by("else", "192.0.2.1"), start) == 1);

  SUBCASE("elsewhere it does, or a stranger would learn what was mistyped") {
    throttle.failed(by("ana", "192.0.2.2"), "1", start);
    CHECK(wait(throttle, by("ana"), start) == 2);
  }
  SUBCASE("at another account it does: that is how passwords are sprayed") {
    throttle.failed(by("bob", "192.0.2.1"), "1", start);
    CHECK(wait(throttle, by("carl", "192.0.2.1"), start) == 2);
  }
  SUBCASE("only the last sixteen are told from new ones") {
    fail(throttle, phone, 16, start);
    const std::uint32_t before = throttle.bans(start, 1).front().failures;
    throttle.failed(phone, "1", start);
    CHECK(before == 21);
    CHECK(throttle.bans(start, 1).front().failures == 22);
  }
}

TEST_CASE("Throttle: a success forgets the account's failures and half of the source's") {
  Throttle throttle = fresh();
  fail(throttle, by("ana", "192.0.2.1"), 10, start);
  CHECK(throttle.succeeded(by("ana", "192.0.2.1"), start) == 10);
  CHECK(wait(throttle, by("ana"), start) == 0);
  CHECK(wait(throttle, by("bob", "192.0.2.1"), start) == 1);
  CHECK(throttle.succeeded(by("ana", "192.0.2.1"), start) == 0);

  SUBCASE("each account halves it once: one's own is no licence to guess at others") {
    CHECK(wait(throttle, by("bob", "192.0.2.1"), start) == 1);
    throttle.succeeded(by("bob", "192.0.2.1"), start);
    CHECK(wait(throttle, by("bob", "192.0.2.1"), start) == 0);
  }
  SUBCASE("guesses between successes add up") {
    Time longest = 0;
    for (int i = 0; i < 50; ++i) {
      fail(throttle, by("victim " + std::to_string(i), "192.0.2.9"), 1, start);
      throttle.succeeded(by("mallory", "192.0.2.9"), start);
      longest = std::max(longest, wait(throttle, by("next", "192.0.2.9"), start));
    }
    CHECK(longest == 900);
  }
}

TEST_CASE("Throttle: a source is held up for all accounts, and an account for all sources") {
  Throttle throttle = fresh();
  for (int i = 0; i < 9; ++i)
    fail(throttle, by("user" + std::to_string(i), "2001:db8::/64"), 1, start);
  CHECK(wait(throttle, by("ana", "2001:db8::/64"), start) == 16);
  CHECK(wait(throttle, by("ana", "192.0.2.1"), start) == 0);
  for (int i = 0; i < 9; ++i)
    fail(throttle, by("ana", "192.0.2." + std::to_string(i)), 1, start);
  CHECK(wait(throttle, by("ana", "203.0.113.1"), start) == 16);
  CHECK(wait(throttle, by("ana"), start) == 16);
}

TEST_CASE("Throttle: a known device is held up by its own failures alone") {
  Throttle throttle = fresh();
  const Throttle::Attempt laptop = by("ana", "192.0.2.1", "device hash");
  fail(throttle, by("ana", "192.0.2.1"), 50, start);
  CHECK(wait(throttle, laptop, start) == 0);
  fail(throttle, laptop, 6, start);
  CHECK(wait(throttle, laptop, start) == 2);
  CHECK(wait(throttle, by("ana", "192.0.2.1", "another"), start) == 0);
  CHECK(wait(throttle, by("bob", "192.0.2.1", "device hash"), start) == 0);
  CHECK(throttle.succeeded(laptop, start) == 6);
  CHECK(wait(throttle, laptop, start) == 0);
  // A stranger's guesses stay counted.
  CHECK(wait(throttle, by("ana"), start) == 900);
  CHECK(wait(throttle, by("bob", "192.0.2.1"), start) == 900);
}

TEST_CASE("Throttle: a name without an account counts the same, and is not kept as it is") {
  Throttle throttle = fresh();
  Throttle::Attempt unknown = by("hunter2", "192.0.2.1");
  unknown.user_exists = false;
  Throttle other = fresh();
  for (int i = 0; i < 20; ++i) {
    const Throttle::Judgement known = other.judge(by("hunter2", "192.0.2.1"), i, start + i);
    const Throttle::Judgement same = throttle.judge(unknown, i, start + i);
    CHECK(same.wait == known.wait);
    CHECK(same.refuse == known.refuse);
    const std::string wrong = std::to_string(i);
    CHECK(throttle.failed(unknown, wrong, start + i) ==
          other.failed(by("hunter2", "192.0.2.1"), wrong, start + i));
  }
  for (const ThrottleRecord& record : all_changes(throttle))
    CHECK(record.key.find("hunter2") == std::string::npos);
  for (const Throttle::Ban& ban : throttle.bans(start, 9))
    CHECK((ban.key == "192.0.2.1" || ban.key.starts_with("x:")));
  CHECK(throttle.clear("Hunter2") == 1);
}

TEST_CASE("Throttle: bans are listed, the longest wait first, and cleared by any of their names") {
  Throttle throttle = fresh();
  fail(throttle, by("ana"), 7, start);
  fail(throttle, by("bob", "2001:db8:0:1::/64"), 5, start);
  fail(throttle, by("bob"), 4, start);
  fail(throttle, by("carl"), 4, start);
  const std::vector<Throttle::Ban> bans = throttle.bans(start, 100);
  REQUIRE(bans.size() == 3);
  CHECK(bans[0].key == "bob");
  CHECK(bans[0].kind == Throttle::Kind::account);
  CHECK(bans[2].kind == Throttle::Kind::address);
  CHECK(bans[0].failures == 9);
  CHECK(bans[0].until == start + 16);
  CHECK(bans[1].key == "ana");
  CHECK(bans[2].key == "2001:db8:0:1::/64");
  CHECK(throttle.bans(start, 1).size() == 1);
  CHECK(throttle.clear("ANA") == 1);
  CHECK(throttle.clear("2001:db8:0:1::77") == 1);
  CHECK(throttle.clear("u:bob") == 1);
  CHECK(throttle.clear("nobody") == 0);
  CHECK(throttle.bans(start, 100).empty());
  CHECK(wait(throttle, by("bob", "2001:db8:0:1::/64"), start) == 0);
  fail(throttle, by("dora", "192.0.2.1", "device hash"), 5, start);
  const Throttle::Ban device = throttle.bans(start, 1).front();
  CHECK(device.kind == Throttle::Kind::device);
  CHECK(device.key.starts_with("d:"));
  CHECK(throttle.clear(device.key) == 1);
}
