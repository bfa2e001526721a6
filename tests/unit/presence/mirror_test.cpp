// Tests of the roster as it is told: whole, from where it was left, by another daemon, by nobody.
#include "commands/presence/mirror.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::presence;

namespace {

const std::string key_a(32, 'a');
const std::string key_b(32, 'b');

Entry entry(std::string name, char key, std::uint64_t version, State state = State::online) {
  Entry told;
  told.said.name = std::move(name);
  told.said.key = std::string(32, key);
  told.said.instance = 1;
  told.said.tcp_port = 4000;
  told.state = state;
  told.version = version;
  told.addresses = {asio::ip::make_address("192.0.2.1")};
  return told;
}

std::string names(const Mirror& mirror) {
  std::string text;
  for (const Entry* const each : mirror.all())
    text += shown_name(*each) + ";";
  return text;
}

}  // namespace

TEST_CASE("Mirror: tells what is new of what it is told") {
  Mirror mirror;
  CHECK(mirror.follow(key_a, 7) == 0);
  Mirror::Change change = mirror.take(entry("ana", '1', 1));
  REQUIRE(change.now != nullptr);
  CHECK(!change.before);
  CHECK(mirror.take(entry("ana", '1', 2)).now == nullptr);
  change = mirror.take(entry("ana", '1', 3, State::offline));
  REQUIRE(change.now != nullptr);
  CHECK(change.before == State::online);
  CHECK(change.now->state == State::offline);
  Entry moved = entry("ana", '1', 4, State::offline);
  moved.addresses.front() = asio::ip::make_address("192.0.2.2");
  CHECK(mirror.take(moved).now != nullptr);
  moved.addresses.insert(moved.addresses.begin(), asio::ip::make_address("192.0.2.3"));
  CHECK(mirror.take(moved).now == nullptr);
  moved.said.tags = {"service=relay"};
  CHECK(mirror.take(moved).now != nullptr);
  moved.number = 2;
  change = mirror.take(moved);
  REQUIRE(change.now != nullptr);
  CHECK(shown_name(*change.now) == "ana (2)");
}

TEST_CASE("Mirror: who is not in a whole roster is gone at its end") {
  Mirror mirror;
  mirror.follow(key_a, 7);
  mirror.take(entry("ana", '1', 1));
  mirror.take(entry("bert", '2', 2));
  CHECK(mirror.end({2, false}).empty());
  CHECK(mirror.follow(key_b, 7) == 0);
  mirror.take(entry("bert", '2', 1));
  const std::vector<Entry> gone = mirror.end({1, false});
  REQUIRE(gone.size() == 1);
  CHECK(gone.front().said.name == "ana");
  CHECK(names(mirror) == "bert;");
}

TEST_CASE("Mirror: the same run of a daemon goes on where it was") {
  Mirror mirror;
  mirror.follow(key_a, 7);
  mirror.take(entry("ana", '1', 1));
  mirror.take(entry("bert", '2', 2));
  mirror.end({2, false});
  mirror.unfollow();
  CHECK(mirror.follow(key_a, 7) == 2);
  mirror.take(entry("bert", '2', 3, State::left));
  CHECK(mirror.end({3, false}).empty());
  CHECK(names(mirror) == "ana;bert;");
  SUBCASE("but not another run, whose versions are others") {
    CHECK(mirror.follow(key_a, 8) == 0);
  }
  SUBCASE("and not one that does not say which run it is") {
    CHECK(mirror.follow(key_b, 0) == 0);
    mirror.end({9, false});
    CHECK(mirror.follow(key_b, 0) == 0);
  }
  SUBCASE("a roster that begins again is a whole one") {
    CHECK(mirror.follow(key_a, 7) == 3);
    mirror.take(entry("bert", '2', 3, State::left));
    CHECK(mirror.end({3, false}).size() == 1);
    CHECK(names(mirror) == "bert;");
  }
  SUBCASE("what others told meanwhile it tells anew") {
    mirror.unfollow();
    mirror.take(entry("ana", '1', 1, State::offline));
    CHECK(mirror.end({1, false}).empty());
    CHECK(mirror.follow(key_a, 7) == 0);
  }
  SUBCASE("a telling that breaks off counts for nothing") {
    CHECK(mirror.follow(key_b, 9) == 0);
    mirror.take(entry("carol", '3', 1));
    CHECK(mirror.follow(key_b, 9) == 0);
    CHECK(names(mirror) == "ana;bert;carol;");
  }
}

TEST_CASE("Mirror: forgets whom the daemon forgot") {
  Mirror mirror;
  mirror.follow(key_a, 7);
  mirror.take(entry("ana", '1', 1));
  const auto gone = mirror.forget({2, std::string(32, '1')});
  REQUIRE(gone);
  CHECK(gone->said.name == "ana");
  CHECK(!mirror.forget({3, std::string(32, '1')}));
  CHECK(mirror.size() == 0);
}

TEST_CASE("Mirror: finds all of a name, or the one with that number") {
  Mirror mirror;
  mirror.follow(key_a, 7);
  Entry second = entry("Ana", '2', 1);
  second.number = 2;
  mirror.take(second);
  mirror.take(entry("ana", '1', 2));
  mirror.take(entry("bert", '3', 3));
  REQUIRE(mirror.called("ana").size() == 2);
  CHECK(mirror.called("ana").front()->number == 0);
  REQUIRE(mirror.called("ana (2)").size() == 1);
  CHECK(mirror.called("ana (2)").front()->number == 2);
  CHECK(mirror.called("ana (3)").empty());
  CHECK(mirror.called("carol").empty());
}
