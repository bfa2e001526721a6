// Tests of what a hall keeps over a restart.
#include "tests/unit/presence/hall_world.hpp"

using namespace netkit;
using namespace netkit::presence;
using namespace netkit::presence::test;

TEST_CASE("Hall: after a restart who was here is asked, who was gone stays gone") {
  Peer ana{"ana"};
  Peer bert{"bert"};
  Peer other_ana{"ana"};
  other_ana.instance = 200;
  std::string kept;
  {
    World world;
    other_ana.enter(world);
    ana.enter(world);
    bert.enter(world);
    world.hall->roster().set_state(*world.hall->roster().find(bert.key.public_key()),
                                   State::offline, world.now().wall_ms);
    kept = world.hall->save();
  }
  World world;
  REQUIRE(world.hall->restore(kept, world.now()));
  REQUIRE(world.hall->roster().size() == 3);
  CHECK(ana.state(world) == State::suspect);
  CHECK(ana.entry(world)->number == 2);
  CHECK(other_ana.entry(world)->number == 0);  // It came first.
  CHECK(bert.state(world) == State::offline);
  world.hall->tick(world.now());
  REQUIRE(world.sent.size() == 2);
  CHECK(world.sent[0].second.port() == 40'000);

  // One answers and is back, the other is gone after a bound that is printed.
  for (const auto& [question, to] : std::exchange(world.sent, {})) {
    const auto asked = decode(question);
    REQUIRE(asked);
    if (asked->about != ana.key.public_key()) continue;
    world.hall->hear(ana.says(Kind::answer, asked->nonce, world.key.public_key()), to, world.now());
  }
  world.hall->tick(world.now());
  CHECK(ana.state(world) == State::online);
  world.run(world.at + world.hall->state().bound);
  CHECK(other_ana.state(world) == State::offline);
}

TEST_CASE("Hall: of a broken roster file what comes before the fault is taken") {
  World before;
  Peer ana{"ana"};
  ana.enter(before);
  const std::string one = before.hall->save();
  Peer bert{"bert"};
  bert.enter(before);
  const std::string two = before.hall->save();
  int whole = 0;
  for (std::size_t size = 0; size < two.size(); ++size) {
    World world;
    whole += world.hall->restore(std::string_view{two}.substr(0, size), world.now()) ? 1 : 0;
    CHECK(world.hall->roster().size() == (size >= one.size() ? 1 : 0));
  }
  CHECK(whole == 2);  // The head alone, and one entry.
  std::string forged = one;
  forged.back() = static_cast<char>(forged.back() ^ 1);
  World world;
  CHECK(!world.hall->restore(forged, world.now()));
  CHECK(world.hall->roster().size() == 0);
}
