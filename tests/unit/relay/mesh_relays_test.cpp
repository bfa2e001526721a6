// Tests of who there is in a mesh: beats, away and back, rosters that come as a whole, what a store
// gives back, probes and what is fetched.
#include <algorithm>

#include "tests/unit/relay/mesh_world.hpp"

using namespace netkit;
using namespace netkit::relay;
using namespace netkit::relay::test;

namespace {

using Events = std::vector<std::string>;

std::vector<std::string> names(Mesh& mesh) {
  std::vector<std::string> names;
  for (const RelayFacts& facts : mesh.relays())
    names.push_back(facts.name + "+" + std::to_string(facts.hops) + (facts.away ? " away" : ""));
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("Mesh: everybody knows of everybody, and how far it is") {
  World world{3};
  world.join(0, 1);
  world.join(1, 2);
  world.settle();
  CHECK(names(world[0].mesh()) == Names{"r0+0", "r1+1", "r2+2"});
  CHECK(world[0].mesh().relay_name(world[2].mesh().log()) == "r2");
  CHECK(world[0].mesh().relay_name(0x0123456789abcdef) == "01234567");
}

TEST_CASE("Mesh: a relay that is not heard of is away, and back once it is") {
  World world{3};
  world.join(0, 1);
  world.join(1, 2);
  world[2].enter(7, "ana");
  world.settle();
  CHECK(world[0].mesh().roster().find(7) != nullptr);
  world.cut(1);
  world.settle(120);
  CHECK(world[0].events.empty());
  world.settle(90);
  CHECK(world[0].events == Events{"away r2 1"});
  CHECK(world[1].events == Events{"away r2 1"});
  CHECK(names(world[0].mesh()) == Names{"r0+0", "r1+1", "r2+2 away"});
  world.join(1, 2);
  world.settle(60);
  CHECK(world[0].events == Events{"away r2 1", "back r2"});
  CHECK(world[0].mesh().roster().find(7) != nullptr);
}

TEST_CASE("Mesh: a relay that starts again is back by its new run, and its old people are gone") {
  World world{2};
  world.join(0, 1);
  world[1].enter(7, "ana");
  world.settle();
  world.cut(0);
  SUBCASE("after it was missed") {
    world.settle(200);
    CHECK(world[0].events == Events{"away r1 1"});
    world.nodes[1] = std::make_unique<Node>("r1", 90, world.now);
    world.join(0, 1);
    world.settle(10);
    CHECK(world[0].events == Events{"away r1 1", "back r1"});
  }
  SUBCASE("before") {
    world.nodes[1] = std::make_unique<Node>("r1", 90, world.now);
    world.join(0, 1);
    world.settle(250);
    CHECK(world[0].events.empty());
  }
  CHECK(world[0].mesh().roster().find(7) == nullptr);
  CHECK(world[0].rosters > 0);
}

TEST_CASE("Mesh: who joins late learns who is there although the records are gone") {
  World world{1, {.name = {}, .records_max = 100, .bytes_max = 1 << 20}};
  world[0].enter(7, "ana", 5);
  world[0].mesh().add({.kind = RecordKind::join, .sender = 7, .room = "lobby"});
  for (std::uint64_t number = 1; number <= 1'000; ++number)
    world[0].say(1, number);
  world[0].mesh().seal();
  world.pass(1s);
  world.add();
  world.add();
  world.join(0, 1);
  world.join(1, 2);
  world.settle(100);
  for (std::size_t i = 1; i < 3; ++i) {
    const Person* const ana = world[i].mesh().roster().find(7);
    REQUIRE(ana != nullptr);
    CHECK(ana->nick == "ana");
    CHECK(ana->since_ms == 5);
    CHECK(ana->rooms.contains("lobby"));
    CHECK(ana->log == world[0].mesh().log());
  }
  world[0].mesh().add({.kind = RecordKind::leave, .sender = 7});
  world.settle();
  CHECK(world[2].mesh().roster().find(7) == nullptr);
}

TEST_CASE("Mesh: leave, part and nick are told before the roster takes them") {
  struct Watcher : Node {
    using Node::Node;
    void deliver(const Record& record, RecordId id) override {
      Node::deliver(record, id);
      const Person* const person = mesh().roster().find(record.sender);
      seen.push_back(person ? person->nick + "/" + std::to_string(person->rooms.size()) : "-");
    }
    std::vector<std::string> seen;
  };
  World world{1};
  world.nodes.push_back(std::make_unique<Watcher>("r1", 60, world.now));
  world.join(0, 1);
  world[0].enter(7, "ana");
  world[0].mesh().add({.kind = RecordKind::join, .sender = 7, .room = "lobby"});
  world[0].mesh().add({.kind = RecordKind::nick, .sender = 7, .nick = "bea"});
  world[0].mesh().add({.kind = RecordKind::part, .sender = 7, .room = "lobby"});
  world[0].mesh().add({.kind = RecordKind::leave, .sender = 7});
  world.settle();
  CHECK(static_cast<Watcher&>(world[1]).seen ==
        std::vector<std::string>{"ana/0", "ana/1", "ana/1", "bea/1", "bea/0"});
}

TEST_CASE("Mesh: what was restored is delivered once, and not again by links") {
  World world{2};
  world.join(0, 1);
  for (std::uint64_t number = 1; number <= 20; ++number) {
    world[0].say(1, number);
    world[1].say(2, number);
  }
  world.settle();
  const std::vector<RelayFacts> facts = world[1].mesh().relays();
  const std::vector<Bundle> kept = world[1].kept;
  world.cut(0);
  world.nodes[1] = std::make_unique<Node>("r1", 91, world.now);
  for (const Bundle& bundle : kept)
    for (const RelayFacts& each : facts)
      if (each.log == bundle.log) REQUIRE(world[1].mesh().restore(each, bundle, world.now));
  CHECK(world[1].heard(1) == up_to(20));
  CHECK(world[1].heard(2) == up_to(20));
  CHECK(world[1].kept.empty());
  CHECK(world[1].mesh().senders().known(2) == 20);
  world[0].say(1, 21);
  world.join(0, 1);
  world.settle();
  CHECK(world[1].heard(1) == up_to(21));
  CHECK(world[1].mesh().duplicates() == 0);
  CHECK(world[1].kept.size() == 1);
}

TEST_CASE("Mesh: restore refuses a key that is not the log's and records that it did not sign") {
  World world{2};
  world[0].say(1, 1);
  world[0].mesh().seal();
  RelayFacts facts = world[0].mesh().relays().front();
  const Bundle bundle = world[0].kept.front();
  facts.public_key = key_of(99).public_key();
  CHECK_FALSE(world[1].mesh().restore(facts, bundle, world.now));
  std::string bytes = *bundle.bytes;
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  CHECK_FALSE(
      world[1].mesh().restore(world[0].mesh().relays().front(), *parse_bundle(bytes), world.now));
}

TEST_CASE("Mesh: a store that several relays share carries facts and bundles, too") {
  World world{2};
  world[0].say(1, 1);
  world[0].mesh().seal();
  world[0].say(1, 2);
  world[0].mesh().seal();
  world[0].say(1, 3);
  world[0].mesh().seal();
  RelayFacts facts = world[0].mesh().relays().front();
  facts.signature.clear();
  REQUIRE(world[1].mesh().learn(facts, world.now));
  CHECK_FALSE(world[1].mesh().relays().back().away);
  REQUIRE(world[1].mesh().take(world[0].kept[0], world.now));
  REQUIRE(world[1].mesh().take(world[0].kept[2], world.now));
  CHECK(world[1].heard(1) == up_to(1));
  REQUIRE(world[1].mesh().take(world[0].kept[1], world.now));
  CHECK(world[1].heard(1) == up_to(3));
  world.pass(14s);
  REQUIRE(world[1].mesh().learn(facts, world.now));
  world.pass(2s);
  CHECK(world[1].events.empty());
  facts.public_key[0] ^= 1;
  CHECK_FALSE(world[1].mesh().learn(facts, world.now));
}

TEST_CASE("Mesh: a hole in what a shared store brings is given up after a second") {
  World world{2};
  for (std::uint64_t number = 1; number <= 3; ++number) {
    world[0].say(1, number);
    world[0].mesh().seal();
  }
  REQUIRE(world[1].mesh().learn(world[0].mesh().relays().front(), world.now));
  REQUIRE(world[1].mesh().take(world[0].kept[0], world.now));
  REQUIRE(world[1].mesh().take(world[0].kept[2], world.now));
  world.pass(900ms);
  CHECK(world[1].events.empty());
  world.pass(200ms);
  CHECK(world[1].events == Events{"skipped r0 2..2"});
  world.pass(3s);
  CHECK(world[1].heard(1) == std::vector<std::uint64_t>{1, 3});
}

TEST_CASE("Mesh: a probe shows the ways to all relays") {
  World world{3};
  world.join(0, 1);
  world.join(1, 2);
  world.join(0, 2);
  world.settle();
  const std::uint64_t probe = world[0].mesh().probe(world.now);
  world.settle();
  std::vector<std::string> ways;
  for (const ProbePath& path : world[0].mesh().probe_paths(probe)) {
    std::string way;
    for (const ProbePath::Step& step : path.steps)
      way += step.relay + " ";
    ways.push_back(way);
  }
  std::sort(ways.begin(), ways.end());
  // The third relay heard it from the second one first, and passes only that one on.
  CHECK(ways == Names{"r0 r1 ", "r0 r1 r2 ", "r0 r2 "});
  CHECK(world[0].mesh().probe_paths(probe + 1).empty());
}

TEST_CASE("Mesh: fetches from another relay what is gone here") {
  World world{1};
  world.add({.name = {}, .records_max = 100, .bytes_max = 1 << 20});
  world.join(0, 1);
  for (std::uint64_t number = 1; number <= 1'000; number += 10) {
    for (std::uint64_t each = number; each < number + 10; ++each)
      world[0].say(1, each);
    world[0].mesh().seal();
    if (number % 100 == 1) world.settle(1);
  }
  world.settle();
  const LogId log = world[0].mesh().log();
  CHECK(world[1].mesh().find(log, 1, 50).empty());
  std::vector<Bundle> bundles;
  int answers = 0;
  const Mesh::Fetched done = [&](std::vector<Bundle> fetched) {
    bundles = std::move(fetched);
    ++answers;
  };
  world[1].mesh().fetch(log, 5, 25, done, world.now);
  world.settle();
  CHECK(answers == 1);
  REQUIRE(bundles.size() == 3);
  CHECK(bundles.front().first == 1);
  CHECK(bundles.back().last == 30);
  world[1].mesh().fetch(log, 5'000, 6'000, done, world.now);
  CHECK(answers == 2);
  CHECK(bundles.empty());
  world[1].mesh().fetch(log, 5, 25, done, world.now);
  world.cut(0);
  CHECK(answers == 3);
}

TEST_CASE("Mesh: asks for no more at once than a peer takes") {
  World world{1};
  world.add({.name = {}, .records_max = 10, .bytes_max = 1 << 20});
  world.join(0, 1);
  for (std::uint64_t number = 1; number <= 100; ++number) {
    world[0].say(1, number);
    world[0].mesh().seal();
    if (number % 10 == 1) world.settle(1);
  }
  world.settle();
  std::size_t answers = 0;
  std::size_t bundles = 0;
  const Mesh::Fetched done = [&](std::vector<Bundle> fetched) {
    ++answers;
    bundles += fetched.size();
  };
  Mesh& mesh = world[1].mesh();
  for (std::size_t count = 0; count < Mesh::fetches_max; ++count) {
    CHECK(mesh.may_fetch());
    mesh.fetch(world[0].mesh().log(), 1, 1, done, world.now);
  }
  CHECK_FALSE(mesh.may_fetch());
  mesh.fetch(world[0].mesh().log(), 1, 1, done, world.now);
  CHECK(answers == 1);
  CHECK(bundles == 0);
  world.settle();
  CHECK(answers == Mesh::fetches_max + 1);
  CHECK(bundles == Mesh::fetches_max);
  CHECK(mesh.may_fetch());
}
