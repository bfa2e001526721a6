// Tests of a hall that only listens, for want of a daemon: it asks, watches and takes over.
#include "hall_world.hpp"

using namespace netkit;
using namespace netkit::presence;
using namespace netkit::presence::test;

namespace {

/// A world whose hall says nothing but questions.
struct Silent : World {
  Silent() {
    HallSettings settings;
    settings.name = "listener";
    settings.instance = 1;
    settings.on_daemon = [this](const Announcement& said, const asio::ip::address& from) {
      daemons.emplace_back(said, from);
    };
    hall = std::make_unique<Hall>(settings, key, *this, log);
  }
  /// The last thing that it said to all.
  Announcement last() {
    REQUIRE(!to_all.empty());
    const Result<Announcement> said = decode(to_all.back());
    REQUIRE(said);
    return *said;
  }

  std::vector<std::pair<Announcement, asio::ip::address>> daemons;
};

}  // namespace

TEST_CASE("listening hall: asks the group, and each one that answers enters") {
  Silent world;
  world.hall->tick(world.now());
  const Announcement question = world.last();
  CHECK(question.kind == Kind::ask);
  CHECK(question.about.empty());
  Peer ana{"ana"};
  Peer bert{"bert", "192.0.2.2"};
  for (Peer* const peer : {&ana, &bert})
    world.hall->hear(peer->says(Kind::answer, question.nonce, world.key.public_key()), peer->from,
                     world.now());
  CHECK(ana.state(world) == State::online);
  CHECK(bert.state(world) == State::online);
  Peer carol{"carol"};
  world.hall->hear(carol.says(Kind::answer, question.nonce + 1, world.key.public_key()), carol.from,
                   world.now());
  CHECK(carol.entry(world) == nullptr);
}

TEST_CASE("listening hall: says nothing to who asks, and tells of daemons") {
  Silent world;
  world.hall->tick(world.now());
  Peer ana{"ana"};
  world.hall->hear(ana.says(Kind::ask, 5), ana.from, world.now());
  CHECK(world.sent.empty());
  Peer hall{"hall", "192.0.2.9"};
  world.hall->hear(hall.says(Kind::daemon), hall.from, world.now());
  REQUIRE(world.daemons.size() == 1);
  CHECK(world.daemons.front().first.name == "hall");
  CHECK(world.daemons.front().second == hall.from.address());
  world.to_all.clear();
  world.hall->announce();
  world.run(world.at + 1ms);
  REQUIRE(world.to_all.size() == 1);
  CHECK(world.last().kind == Kind::ask);
}

TEST_CASE("listening hall: watches on whom a daemon told, without a word at the first silence") {
  Silent world;
  Peer ana{"ana", "192.0.2.1"};
  World daemon;
  ana.enter(daemon);
  Entry told = *ana.entry(daemon);
  told.state = State::suspect;
  told.since_ms = 77;
  world.hall->adopt(told, world.now());
  REQUIRE(ana.entry(world) != nullptr);
  CHECK(ana.state(world) == State::online);
  CHECK(ana.entry(world)->since_ms == 77);
  const Time begun = world.at;
  world.run(begun + 1510ms);
  REQUIRE(!world.sent.empty());
  CHECK(ana.state(world) == State::online);
  SUBCASE("an answer keeps it") {
    const Result<Announcement> question = decode(world.sent.back().first);
    REQUIRE(question);
    world.hall->hear(ana.says(Kind::answer, question->nonce, world.key.public_key()), ana.from,
                     world.now());
    world.run(begun + 2900ms);
    CHECK(ana.state(world) == State::online);
  }
  SUBCASE("silence makes it suspect, then offline") {
    world.run(begun + 1900ms);
    CHECK(ana.state(world) == State::suspect);
    world.run(begun + 2900ms);
    CHECK(ana.state(world) == State::offline);
  }
}

TEST_CASE("listening hall: names keep their numbers when a daemon is lost") {
  Silent world;
  World daemon;
  Peer first{"ana", "192.0.2.1"};
  Peer second{"ana", "192.0.2.2"};
  second.instance = first.instance + 1;
  first.enter(daemon);
  second.enter(daemon);
  for (Peer* const peer : {&second, &first})
    world.hall->adopt(*peer->entry(daemon), world.now());
  CHECK(shown_name(*first.entry(world)) == "ana");
  CHECK(shown_name(*second.entry(world)) == "ana (2)");
}
