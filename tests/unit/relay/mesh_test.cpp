// Tests of meshes joined by links: records flow, each once, cuts are resumed, holes are told.
#include <algorithm>

#include "tests/unit/relay/mesh_world.hpp"

using namespace netkit;
using namespace netkit::relay;
using namespace netkit::relay::test;

namespace {

using Events = std::vector<std::string>;

void say_many(Node& node, SenderKey sender, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t number = from; number <= to; ++number)
    REQUIRE(node.say(sender, number));
}

}  // namespace

TEST_CASE("Mesh: two relays have what either says") {
  World world{2};
  world.join(0, 1);
  say_many(world[0], 1, 1, 3);
  say_many(world[1], 2, 1, 2);
  world.settle();
  CHECK(world[1].heard(1) == up_to(3));
  CHECK(world[0].heard(2) == up_to(2));
  CHECK(world[1].ids.front() == RecordId{world[0].mesh().log(), 1});
  CHECK(world[0].safe == 3);
  CHECK(world[1].safe == 2);
  CHECK(world[0].mesh().have() == world[1].mesh().have());
  CHECK(world[0].mesh().duplicates() == 0);
  const LinkStatus status = world.wires[0]->ends[0]->status();
  CHECK(status.peer == "r1");
  CHECK(status.sent == 3);
  CHECK(status.received == 2);
  CHECK(status.behind == 0);
}

TEST_CASE("Mesh: in any shape of links everybody has everything once") {
  World world{5};
  SUBCASE("a line") {
    for (std::size_t i = 0; i < 4; ++i)
      world.join(i, i + 1);
  }
  SUBCASE("a ring with parallel links") {
    for (std::size_t i = 0; i < 5; ++i)
      world.join(i, (i + 1) % 5);
    world.join(0, 1);
    world.join(1, 0);
  }
  SUBCASE("each with each") {
    for (std::size_t i = 0; i < 5; ++i)
      for (std::size_t j = i + 1; j < 5; ++j)
        world.join(i, j);
  }
  for (std::size_t i = 0; i < 5; ++i)
    say_many(world[i], 10 + i, 1, 300);
  world.settle();
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t sender = 0; sender < 5; ++sender)
      CHECK(world[i].heard(10 + sender) == up_to(300));
    CHECK(world[i].safe == 300);
    CHECK(world[i].events.empty());
  }
}

TEST_CASE("Mesh: a cut link resumes where it was, without repeats") {
  World world{2};
  world.join(0, 1);
  say_many(world[0], 1, 1, 100);
  world.settle();
  world.cut(0);
  say_many(world[0], 1, 101, 200);
  world[0].mesh().seal();
  world.pass(100ms);
  world.join(0, 1);
  world.settle();
  CHECK(world[1].heard(1) == up_to(200));
  CHECK(world[1].mesh().duplicates() == 0);
  CHECK(world[1].events.empty());
}

TEST_CASE("Mesh: what was written and lost with its link is sent again") {
  World world{2};
  Wire& wire = world.join(0, 1);
  world.settle();
  say_many(world[0], 1, 1, 50);
  world[0].mesh().seal();
  std::string lost;
  wire.ends[0]->fill(lost, 1 << 20, world.now);
  CHECK(lost.size() > 1'000);
  CHECK(world[0].safe == 0);
  world.cut(0);
  world.join(0, 1);
  world.settle();
  CHECK(world[1].heard(1) == up_to(50));
  CHECK(world[0].safe == 50);
}

TEST_CASE("Mesh: on two parallel links what comes twice is counted") {
  World world{2};
  world.join(0, 1);
  world.join(0, 1);
  world.settle();
  say_many(world[0], 1, 1, 10);
  world[0].mesh().seal();
  for (auto& wire : world.wires)
    wire->ends[0]->fill(wire->bytes[0], 1 << 20, world.now);
  world.settle();
  CHECK(world[1].heard(1) == up_to(10));
  CHECK(world[1].mesh().duplicates() == 10);
  CHECK(world.wires[0]->ends[1]->status().duplicates +
            world.wires[1]->ends[1]->status().duplicates ==
        10);
}

TEST_CASE("Mesh: a gap beyond the backlog is told once, and what follows comes") {
  World world{2, {.name = {}, .records_max = 300, .bytes_max = 1 << 20}};
  world.join(0, 1);
  say_many(world[0], 1, 1, 10);
  world.settle();
  world.cut(0);
  say_many(world[0], 1, 11, 1'000);
  world[0].mesh().seal();
  world.join(0, 1);
  world.settle(50);
  REQUIRE(world[1].events.size() == 1);
  const std::vector<std::uint64_t>& heard = world[1].heard(1);
  REQUIRE(heard.size() > 200);
  CHECK(world[1].events[0] == "skipped r0 11.." + std::to_string(heard[10] - 1));
  CHECK(heard.back() == 1'000);
  CHECK(world[1].heard(1).size() == 10 + 1'000 - (heard[10] - 1));
}

TEST_CASE("Mesh: a hole waits for another link that has what is missing") {
  // The second relay has a larger backlog than the first.
  World world{1, {.name = {}, .records_max = 300, .bytes_max = 1 << 20}};
  world.add();
  world.add();
  world.join(0, 1);
  for (std::uint64_t number = 1; number <= 900; number += 100) {
    say_many(world[0], 1, number, number + 99);
    world.settle(1);
  }
  world.pass(100ms);
  // The third one knows that the second has everything, but is given what the first has.
  Wire& small = world.join(0, 2);
  Wire& large = world.join(1, 2);
  for (std::size_t i = 0; i < 3; ++i) {
    large.ends[0]->fill(large.bytes[0], 1'000, world.now);
    REQUIRE(drain(*large.ends[1], large.bytes[0], world.now));
    world.carry(small, 0);
    world.carry(small, 1);
  }
  CHECK(world[2].heard(1).empty());
  CHECK(small.ends[1]->status().received == 0);
  world.settle(20);
  CHECK(world[2].heard(1) == up_to(900));
  CHECK(world[2].events.empty());
}

TEST_CASE("Mesh: who joins late has what there is, and is not told of what was before") {
  World world{1, {.name = {}, .records_max = 300, .bytes_max = 1 << 20}};
  say_many(world[0], 1, 1, 1'000);
  world[0].mesh().seal();
  world.pass(1s);
  world.add();
  world.join(0, 1);
  world.settle(50);
  CHECK(world[1].events.empty());
  CHECK(world[1].heard(1).back() == 1'000);
  CHECK(world[1].heard(1).size() >= 200);
}

TEST_CASE(
    "Mesh: a link that says to have what it does not give is not waited for longer than 10 s") {
  World world{2, {.name = {}, .records_max = 300, .bytes_max = 1 << 20}};
  world.join(0, 1);
  say_many(world[0], 1, 1, 10);
  world.settle();
  world.cut(0);
  say_many(world[0], 1, 11, 1'000);
  world[0].mesh().seal();
  LinkMachine liar{world[1].mesh(), "liar", world.now};
  std::string entry, frames;
  append_have(entry, {.log = world[0].mesh().log(), .floor = 1, .last = 5'000});
  wire::append_frame(frames, {.type = link_type::have, .body = entry});
  REQUIRE(drain(liar, frames, world.now));
  world.join(0, 1);
  world.settle(80);
  CHECK(world[1].heard(1) == up_to(10));
  world.settle(50);
  CHECK(world[1].heard(1).back() == 1'000);
  CHECK(world[1].events.size() == 1);
}

TEST_CASE("Mesh: what nobody seals stays bounded, and the newest of it can be sealed later") {
  World world{2, {.name = {}, .records_max = 1'000, .bytes_max = 1 << 20}};
  say_many(world[0], 1, 1, 5'000);
  CHECK(world[0].mesh().last() == 5'000);
  world.pass(100ms);
  world.join(0, 1);
  world.settle(20);
  CHECK(world[1].heard(1).back() == 5'000);
  CHECK(world[1].heard(1).size() <= 1'000);
  CHECK(world[1].heard(1).size() >= 700);
}

TEST_CASE("Mesh: large texts travel one by one") {
  World world{2};
  world.join(0, 1);
  const std::string text(text_size_max, 'x');
  world[0].say(1, 1, text);
  world[0].say(1, 2, "small");
  world[0].say(1, 3, text);
  world.settle(10);
  CHECK(world[1].heard(1) == up_to(3));
  CHECK(world[1].texts[0].size() == text_size_max);
  CHECK(world[1].texts[1] == "small");
}

TEST_CASE("Mesh: a bundle that begins before what is had is taken from where it is new") {
  World world{2};
  const RelayFacts facts = world[0].mesh().relays().front();
  REQUIRE(world[1].mesh().learn(facts, world.now));
  const LogKey key = key_of(1);
  const auto sealed = [&](std::uint64_t first, std::uint64_t last) {
    std::string records;
    for (std::uint64_t number = first; number <= last; ++number)
      append_record(records, {.sender = 1, .number = number, .room = "r", .nick = "n"});
    return key.seal(first, static_cast<std::uint16_t>(last - first + 1), records);
  };
  CHECK(world[1].mesh().take(sealed(1, 4), world.now));
  CHECK(world[1].mesh().take(sealed(3, 6), world.now));
  CHECK(world[1].heard(1) == up_to(6));
  CHECK(world[1].mesh().duplicates() == 2);
  CHECK(world[1].kept.size() == 2);
  CHECK(world[1].mesh().find(facts.log, 5, 5).size() == 1);
  CHECK(world[1].mesh().find(facts.log, 4, 5).size() == 2);
  CHECK(world[1].mesh().find(facts.log, 7, 9).empty());
}
