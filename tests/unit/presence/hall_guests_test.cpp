// Tests of what hostile guests try: cookies of others, entering twice, leaving in another order.
#include "tests/unit/presence/hall_world.hpp"

using namespace netkit;
using namespace netkit::presence;
using namespace netkit::presence::test;

namespace {

std::string cookie_of(Ear& ear) {
  return decode_welcome(ear.frames().at(0).second)->cookie;
}

}  // namespace

TEST_CASE("Hall: who has entered is bound to nobody else, and what it leaves behind is nobody's") {
  World world;
  Peer ana{"ana"};
  Peer bert{"bert", "127.0.0.1"};
  ana.enter(world);
  bert.enter(world);
  const std::string first = cookie_of(*ana.ear);
  const std::string second = cookie_of(*bert.ear);
  CHECK(!world.hall->take(*ana.ear, message_type::bind, second, world.now()));
  CHECK(!world.hall->take(*ana.ear, message_type::bind, first, world.now()));
  world.hall->leave(*ana.ear, world.now());
  ana.ear.reset();
  Ear late{ana.from.address()};
  world.hall->greet(late);
  CHECK(!world.hall->take(late, message_type::bind, first, world.now()));
  world.run(world.at + 5s);
  CHECK(ana.state(world) == State::offline);
  world.hall->leave(late, world.now());
}

TEST_CASE("Hall: a conversation that ended for want of any word is no death") {
  World world;
  Peer ana{"ana"};
  Peer bert{"bert", "192.0.2.2"};
  ana.enter(world);
  bert.enter(world);
  ana.ear->fell_silent = true;
  world.hall->leave(*ana.ear, world.now());
  ana.ear.reset();
  world.hall->leave(*bert.ear, world.now());
  bert.ear.reset();
  world.run(world.at + 1s);
  CHECK(ana.state(world) == State::online);
  CHECK(bert.state(world) == State::offline);
  world.run(world.at + 2s);
  CHECK(ana.state(world) == State::offline);
}

TEST_CASE("Hall: one association is bound once, and a later one takes its place") {
  World world;
  Peer ana{"ana"};
  Peer bert{"bert", "127.0.0.1"};
  ana.enter(world);
  bert.enter(world);
  const std::string first = cookie_of(*ana.ear);
  const std::string second = cookie_of(*bert.ear);
  auto sctp = std::make_unique<Ear>(ana.from.address());
  world.hall->greet(*sctp);
  REQUIRE(world.hall->take(*sctp, message_type::bind, first, world.now()));
  CHECK(!world.hall->take(*sctp, message_type::bind, second, world.now()));
  Ear again{ana.from.address()};
  world.hall->greet(again);
  REQUIRE(world.hall->take(again, message_type::bind, first, world.now()));
  world.hall->leave(*sctp, world.now());
  sctp.reset();
  REQUIRE(world.hall->take(again, message_type::beat, "", world.now()));
  world.run(world.at + 5s);
  CHECK(ana.ear->ended);
  CHECK(again.ended);
  world.hall->leave(again, world.now());
}

TEST_CASE("Hall: the same key enters anew while its first conversation is bound and ends later") {
  World world;
  Peer ana{"ana"};
  ana.enter(world);
  const std::string first = cookie_of(*ana.ear);
  Ear sctp{ana.from.address()};
  world.hall->greet(sctp);
  REQUIRE(world.hall->take(sctp, message_type::bind, first, world.now()));
  std::unique_ptr<Ear> before = std::move(ana.ear);
  ana.enter(world);
  world.hall->leave(*before, world.now());
  before.reset();
  Ear other{ana.from.address()};
  world.hall->greet(other);
  CHECK(!world.hall->take(other, message_type::bind, first, world.now()));
  for (int i = 0; i < 5; ++i) {
    REQUIRE(world.hall->take(*ana.ear, message_type::beat, "", world.now()));
    world.run(world.at + 1s);
  }
  CHECK(ana.state(world) == State::online);
  world.hall->leave(sctp, world.now());
  world.hall->leave(other, world.now());
}

TEST_CASE("Hall: nobody gets a name by claiming to have come first") {
  World world;
  Peer ana{"ana"};
  ana.instance = 1'000'000'000'000'000;
  ana.enter(world);
  world.at += 1s;
  Peer thief{"ana", "192.0.2.2"};
  thief.instance = 1;
  thief.enter(world);
  CHECK(ana.entry(world)->number == 0);
  CHECK(thief.entry(world)->number == 2);
}
