// Tests of the list of mutes and bans: who is found on it, for how long, and that it is bounded.
#include "commands/relay/bans.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::relay;
using Kind = BanKey::Kind;
using By = BanKey::By;

namespace {

Bans::Order order(Measure measure, const Visitor& whom, std::string_view nick,
                  std::uint64_t until_ms = 0) {
  return {measure, whom, nick, "root", "spam", until_ms};
}

}  // namespace

TEST_CASE("Bans: without a user it is the sender and the address that are banned") {
  Bans bans;
  const BanChange change =
      bans.apply(order(Measure::ban, {0x0102, "", "198.51.100.7"}, "eve", 5'000), 1'000);
  REQUIRE(change.kept.size() == 2);
  CHECK(change.kept[0].key == BanKey{Kind::ban, By::sender, "0000000000000102"});
  CHECK(change.kept[1].key == BanKey{Kind::ban, By::address, "198.51.100.7"});
  CHECK(change.gone.empty());
  CHECK(bans.check(Kind::ban, {0x0102, "", "203.0.113.1"}, 4'999)->why == "spam");
  CHECK(bans.check(Kind::ban, {7, "", "198.51.100.7"}, 4'999)->nick == "eve");
  CHECK(bans.check(Kind::ban, {7, "", "198.51.100.8"}, 4'999) == nullptr);
  CHECK(bans.check(Kind::mute, {0x0102, "", "198.51.100.7"}, 4'999) == nullptr);
  CHECK(bans.check(Kind::ban, {0x0102, "", "198.51.100.7"}, 5'000) == nullptr);
  CHECK(bans.expire(4'999).gone.empty());
  CHECK(bans.expire(5'000).gone.size() == 2);
  CHECK(bans.all().empty());
}

TEST_CASE("Bans: with a user the address stays open to others") {
  Bans bans;
  REQUIRE(bans.apply(order(Measure::mute, {1, "Eve", "198.51.100.7"}, "eve"), 1).kept.size() == 2);
  CHECK(bans.check(Kind::mute, {9, "eve", "203.0.113.1"}, 1'000'000'000) != nullptr);
  CHECK(bans.check(Kind::mute, {9, "", "198.51.100.7"}, 2) == nullptr);
}

TEST_CASE("Bans: a v6 address counts with its /64, loopback and unix never") {
  CHECK(banned_network("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64");
  CHECK(banned_network("::ffff:198.51.100.7") == "198.51.100.7");
  CHECK(banned_network("198.51.100.7") == "198.51.100.7");
  for (const char* const none :
       {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "unix", "", "198.51.100.0/24", "eve"})
    CHECK_FALSE(banned_network(none).has_value());
  Bans bans;
  bans.apply(order(Measure::ban, {1, "", "2001:db8:1:2::1"}, "eve"), 1);
  CHECK(bans.check(Kind::ban, {2, "", "2001:db8:1:2:ffff::9"}, 2) != nullptr);
  CHECK(bans.check(Kind::ban, {2, "", "2001:db8:1:3::1"}, 2) == nullptr);
  CHECK(bans.apply(order(Measure::ban, {3, "", "127.0.0.1"}, "max"), 1).kept.size() == 1);
}

TEST_CASE("Bans: lifted for whom it is, by what they are or by what they were called") {
  Bans bans;
  bans.apply(order(Measure::ban, {1, "", "198.51.100.7"}, "Eve"), 1);
  bans.apply(order(Measure::mute, {1, "", "198.51.100.7"}, "Eve"), 1);
  bans.apply(order(Measure::ban, {2, "", "198.51.100.9"}, "max"), 1);
  CHECK(bans.apply(order(Measure::unban, {}, "nobody"), 2).gone.empty());
  CHECK(bans.apply(order(Measure::unban, {}, ""), 2).gone.empty());
  CHECK(bans.apply(order(Measure::unban, {}, "eve"), 2).gone.size() == 2);
  CHECK(bans.check(Kind::mute, {1, "", ""}, 3) != nullptr);
  CHECK(bans.apply(order(Measure::unmute, {1, "", "198.51.100.7"}, "now-other"), 3).gone.size() ==
        2);
  CHECK(bans.all().size() == 2);
  CHECK(bans.apply(order(Measure::kick, {2, "", ""}, "max"), 3).kept.empty());
  CHECK(bans.all().size() == 2);
}

TEST_CASE("Bans: of several the one that ends last is told, and a new one replaces the old") {
  Bans bans;
  bans.apply(order(Measure::ban, {1, "", ""}, "eve", 5'000), 1);
  bans.apply(order(Measure::ban, {2, "", "198.51.100.7"}, "eve", 9'000), 1);
  CHECK(bans.check(Kind::ban, {1, "", "198.51.100.7"}, 2)->until_ms == 9'000);
  bans.apply(order(Measure::ban, {1, "", ""}, "eve"), 2);
  CHECK(bans.check(Kind::ban, {1, "", "198.51.100.7"}, 2)->until_ms == 0);
  CHECK(bans.apply(order(Measure::ban, {5, "", ""}, "old", 1'000), 1'000).kept.empty());
}

TEST_CASE("Bans: at most ten thousand; the one that ends soonest gives way") {
  Bans bans;
  for (std::uint64_t i = 1; i <= Bans::bans_max; ++i)
    bans.apply(order(Measure::ban, {i, "", ""}, "n", i == 77 ? 500'000 : 0), 1);
  BanChange change = bans.apply(order(Measure::ban, {20'000, "", ""}, "n"), 2);
  REQUIRE(change.gone.size() == 1);
  CHECK(change.gone[0].of == "000000000000004d");
  CHECK(bans.all().size() == Bans::bans_max);
  // Another word on one that is listed needs no room.
  CHECK(bans.apply(order(Measure::ban, {1, "", ""}, "n", 900'000), 3).gone.empty());
  change = bans.apply(order(Measure::ban, {30'000, "", ""}, "n"), 900'000);
  CHECK(change.gone.size() == 1);
  CHECK(bans.all().size() == Bans::bans_max);
  const std::string large(1'000, 'x');
  change = bans.apply({Measure::ban, {1, "", ""}, large, large, large, 0}, 4);
  CHECK(change.kept[0].why.size() == 255);
}

TEST_CASE("Bans: what was kept comes back") {
  Bans bans;
  BanChange change = bans.apply(order(Measure::ban, {1, "eve", ""}, "eve"), 1);
  Bans again;
  for (Ban& ban : change.kept)
    again.restore(std::move(ban));
  CHECK(again.check(Kind::ban, {0, "EVE", ""}, 2) != nullptr);
}
