// What a guard believes and for how long: confirmed, changed, away, expired, idle, denied, full.
#include "access/grant_cache.hpp"

#include <doctest/doctest.h>

#include "identity/token.hpp"

using namespace netkit;
using namespace netkit::access;
using namespace std::chrono_literals;

namespace {

Moment at(std::int64_t seconds) {
  return {1'000'000 + seconds, std::chrono::steady_clock::time_point{std::chrono::hours{1}} +
                                   std::chrono::seconds{seconds}};
}

Key key(char letter) {
  Key made{};
  made.fill(letter);
  return made;
}

std::shared_ptr<const Grant> granted(char letter, std::int64_t expires = 100'000,
                                     std::int64_t idle = 0) {
  return std::make_shared<Grant>(Grant{.session = std::string(16, letter),
                                       .public_key = std::string(32, letter),
                                       .expires_s = 1'000'000 + expires,
                                       .idle_limit_s = idle,
                                       .user = std::string(1, letter),
                                       .scopes = {}});
}

bool holds(GrantCache& cache, char letter, std::int64_t seconds) {
  return cache.find(key(letter), at(seconds), "192.0.2.1").grant != nullptr;
}

GrantCache connected_cache(CacheLimits limits = {}) {
  GrantCache cache{limits};
  cache.connected();
  return cache;
}

}  // namespace

TEST_CASE("hash_of: is SHA-256, whatever was hashed before") {
  for (const std::string_view text : {"", "abc", "nk_0123456789", ""})
    CHECK(view(hash_of(text)) == identity::secret_hash(text));
}

TEST_CASE("GrantCache: a grant holds until its session changes") {
  GrantCache cache = connected_cache();
  CHECK(!holds(cache, 'a', 0));
  cache.grant(key('a'), granted('a'), at(0));
  cache.grant(key('b'), granted('b'), at(0));
  CHECK(holds(cache, 'a', 50'000));
  cache.changed(std::string(16, 'a'));
  CHECK(!holds(cache, 'a', 50'000));
  CHECK(cache.last(key('a')));
  CHECK(holds(cache, 'b', 50'000));
  cache.grant(key('a'), granted('a'), at(50'000));
  CHECK(holds(cache, 'a', 50'000));
}

TEST_CASE("GrantCache: every key of a session changes with it") {
  GrantCache cache = connected_cache();
  cache.grant(key('a'), granted('s'), at(0));
  cache.grant(key('b'), granted('s'), at(0));
  cache.changed(std::string(16, 's'));
  CHECK(!holds(cache, 'a', 0));
  CHECK(!holds(cache, 'b', 0));
}

TEST_CASE("GrantCache: what was confirmed lives on for the grace, counted from the loss") {
  GrantCache cache = connected_cache({.grace = 300s});
  cache.grant(key('a'), granted('a'), at(0));
  cache.lost(at(1000));
  CHECK(holds(cache, 'a', 1299));
  CHECK(!holds(cache, 'a', 1300));
  CHECK(cache.last(key('a')));
  cache.drop_lapsed(at(1299));
  CHECK(cache.size() == 1);
  cache.drop_lapsed(at(1300));
  CHECK(cache.size() == 0);
}

TEST_CASE("GrantCache: a connection that came and went prolongs no grace") {
  GrantCache cache = connected_cache({.grace = 300s});
  cache.grant(key('a'), granted('a'), at(0));
  cache.grant(key('b'), granted('b'), at(0));
  cache.lost(at(100));
  cache.connected();
  CHECK(!holds(cache, 'a', 200));  // To be asked about.
  cache.grant(key('b'), granted('b'), at(200));
  CHECK(holds(cache, 'b', 200));
  cache.lost(at(300));
  CHECK(holds(cache, 'a', 399));
  CHECK(!holds(cache, 'a', 400));
  CHECK(holds(cache, 'b', 599));
}

TEST_CASE("GrantCache: what has changed has no grace") {
  GrantCache cache = connected_cache();
  cache.grant(key('a'), granted('a'), at(0));
  cache.changed(std::string(16, 'a'));
  cache.lost(at(1));
  CHECK(!holds(cache, 'a', 1));
}

TEST_CASE("GrantCache: expires and becomes idle by our own clock") {
  GrantCache cache = connected_cache();
  cache.grant(key('a'), granted('a', 100), at(0));
  cache.grant(key('b'), granted('b', 10'000, 60), at(0));
  CHECK(holds(cache, 'a', 99));
  CHECK(!holds(cache, 'a', 100));
  CHECK(holds(cache, 'b', 59));
  CHECK(holds(cache, 'b', 118));
  CHECK(!holds(cache, 'b', 178));
  cache.grant(key('c'), granted('c', 10'000, 60), at(0));
  CHECK(holds(cache, 'c', -5000));  // The clock was set back.
  CHECK(!holds(cache, 'c', -4940));
}

TEST_CASE("GrantCache: a denial is believed for a second, and not against a later grant") {
  GrantCache cache = connected_cache();
  cache.deny(key('a'), Denial::unknown, at(0));
  CHECK(cache.find(key('a'), at(0), "").denied == Denial::unknown);
  CHECK(!cache.find(key('a'), at(1), "").denied);
  cache.deny(key('a'), Denial::unknown, at(2));
  cache.grant(key('a'), granted('a'), at(2));
  CHECK(holds(cache, 'a', 2));
  cache.deny(key('a'), Denial::unknown, at(2));
  CHECK(!holds(cache, 'a', 2));
}

TEST_CASE("GrantCache: full, the one unused for longest goes") {
  GrantCache cache = connected_cache({.grants_max = 2, .denials_max = 2});
  cache.grant(key('a'), granted('a'), at(0));
  cache.grant(key('b'), granted('b'), at(0));
  CHECK(holds(cache, 'a', 1));
  cache.grant(key('c'), granted('c'), at(2));
  CHECK(holds(cache, 'a', 3));
  CHECK(!holds(cache, 'b', 3));
  CHECK(cache.size() == 2);
  for (const char letter : {'x', 'y', 'z'})
    cache.deny(key(letter), Denial::unknown, at(3));
  CHECK(!cache.find(key('x'), at(3), "").denied);
  CHECK(cache.find(key('z'), at(3), "").denied);
}

TEST_CASE("GrantCache: a flood of tokens leaves it as large as it may be") {
  GrantCache cache = connected_cache({.grants_max = 100, .denials_max = 100});
  for (int i = 0; i < 20'000; ++i) {
    const Key hash = hash_of(std::to_string(i));
    if (i % 2 == 0)
      cache.grant(hash, granted(static_cast<char>('a' + i % 26)), at(i));
    else
      cache.deny(hash, Denial::unknown, at(i));
  }
  CHECK(cache.size() == 100);
  for (char letter = 'a'; letter <= 'z'; ++letter)
    cache.changed(std::string(16, letter));
  CHECK(!cache.find(hash_of("19998"), at(20'000), "").grant);
}

TEST_CASE("GrantCache: tells each use once, with the address it came from") {
  GrantCache cache = connected_cache();
  cache.grant(key('a'), granted('a'), at(0));
  cache.grant(key('b'), granted('b'), at(0));
  CHECK(cache.take_uses().empty());
  cache.find(key('a'), at(0), "192.0.2.1");
  cache.find(key('a'), at(0), "2001:db8::1");
  const auto uses = cache.take_uses();
  REQUIRE(uses.size() == 1);
  CHECK(uses[0].session == std::string(16, 'a'));
  CHECK(uses[0].address == "2001:db8::1");
  CHECK(cache.take_uses().empty());
}
