// Tests of daemons among themselves: who sees a peer, who has it from another, and what is shown.
#include "tests/unit/presence/hall_world.hpp"

using namespace netkit;
using namespace netkit::presence;
using namespace netkit::presence::test;

namespace {

/// `from` tells `to` what it sees, as over a conversation of the role daemon.
struct Link {
  Link(World& teller, World& hearer) : from{teller}, to{hearer} {
    ear.role = Role::daemon;
    from.hall->greet(ear);
    std::string frame;
    append_subscribe(frame, 0);
    REQUIRE(from.hall->take(ear, message_type::subscribe,
                            std::string_view{frame}.substr(wire::frame_header_size), from.now()));
  }
  void carry() {
    from.hall->tick(from.now());
    for (const auto& [type, body] : ear.frames()) {
      if (type == message_type::entry)
        to.hall->hear_daemon(from.key.public_key(), *decode_entry(body), to.now());
      if (type == message_type::forgotten)
        to.hall->hear_daemon_forgot(from.key.public_key(), decode_forgotten(body)->key, to.now());
    }
    to.hall->tick(to.now());
  }
  void cut() {
    from.hall->leave(ear, from.now());
    to.hall->part_daemon(from.key.public_key(), to.now());
  }

  World& from;
  World& to;
  Ear ear{asio::ip::make_address("192.0.2.200")};
};

/// Two daemons that tell each other, in step.
struct Pair {
  World one;
  World two;
  Link there{one, two};
  Link back{two, one};

  void carry() {
    for (int i = 0; i < 4; ++i) {
      there.carry();
      back.carry();
    }
  }
  void run(Time length) {
    for (const Time end = one.at + length; one.at < end;) {
      const Time next = std::min(end, one.at + Time{50ms});
      one.run(next);
      two.run(next);
      carry();
    }
  }
};

}  // namespace

TEST_CASE("Hall: a peer of one daemon is seen by the other, and its end too") {
  Pair pair;
  Peer ana{"ana"};
  ana.enter(pair.one);
  pair.carry();
  REQUIRE(ana.entry(pair.two) != nullptr);
  CHECK(ana.state(pair.two) == State::online);
  CHECK(ana.entry(pair.two)->path == Path::told);
  CHECK(ana.entry(pair.two)->addresses == ana.entry(pair.one)->addresses);
  CHECK(ana.entry(pair.one)->path == Path::tcp);

  // It beats at the one only: at the other it is not even asked.
  pair.two.sent.clear();
  for (int i = 0; i < 10; ++i) {
    REQUIRE(pair.one.hall->take(*ana.ear, message_type::beat, "", pair.one.now()));
    pair.run(1s);
  }
  CHECK(ana.state(pair.two) == State::online);
  CHECK(pair.two.sent.empty());

  // Silent, it is gone at both, although each could have had it from the other for ever.
  pair.run(5s);
  CHECK(ana.state(pair.one) == State::offline);
  CHECK(ana.state(pair.two) == State::offline);
}

TEST_CASE("Hall: a daemon that begins is told at once that this one is here") {
  World one;
  World two;
  const Endpoint from{asio::ip::make_address("192.0.2.200"), 40000};
  two.hall->announce();
  for (int i = 0; i < 2; ++i)
    one.hall->hear(two.to_all.back(), from, one.now());
  REQUIRE(one.sent.size() == 1);
  const auto& [word, to] = one.sent.back();
  CHECK(to == from);
  CHECK(decode(word)->kind == Kind::daemon);
  two.hall->hear(word, {asio::ip::make_address("192.0.2.100"), 40000}, two.now());
  CHECK(two.hall->daemons().contains(one.key.public_key()));
}

TEST_CASE("Hall: a daemon that comes later learns who left before") {
  World one, two;
  Peer ana{"ana"};
  ana.enter(one);
  REQUIRE(one.hall->take(*ana.ear, message_type::update, ana.says(Kind::leave), one.now()));
  const std::uint64_t left_ms = ana.entry(one)->since_ms;
  one.run(20s);
  two.run(20s);
  Link{one, two}.carry();
  REQUIRE(ana.entry(two) != nullptr);
  CHECK(ana.state(two) == State::left);
  CHECK(ana.entry(two)->since_ms == left_ms);
}

TEST_CASE("Hall: a peer that moves to another daemon was never gone") {
  Pair pair;
  Peer ana{"ana"};
  ana.enter(pair.one);
  pair.carry();
  const std::unique_ptr<Ear> before = std::move(ana.ear);
  ana.ear = std::make_unique<Ear>(ana.from.address());
  ana.ear->role = Role::peer;
  pair.two.hall->greet(*ana.ear);
  REQUIRE(pair.two.hall->take(*ana.ear, message_type::enter,
                              ana.says(Kind::announce, ana.ear->nonce), pair.two.now()));
  pair.one.hall->leave(*before, pair.one.now());
  for (int i = 0; i < 100; ++i) {
    if (i % 10 == 0) REQUIRE(pair.two.hall->take(*ana.ear, message_type::beat, "", pair.two.now()));
    pair.run(100ms);
    REQUIRE(ana.entry(pair.one)->is_here());
    REQUIRE(ana.state(pair.two) == State::online);
  }
  CHECK(ana.state(pair.one) == State::online);
  CHECK(ana.entry(pair.one)->path == Path::told);
}

TEST_CASE("Hall: of a daemon that is lost the peers are asked, and kept if they answer") {
  Pair pair;
  Peer ana{"ana"};
  Peer bert{"bert", "127.0.0.1"};
  ana.enter(pair.one);
  bert.enter(pair.one);
  pair.carry();
  pair.two.sent.clear();
  pair.there.cut();
  World& two = pair.two;
  two.hall->tick(two.now());
  CHECK(ana.state(two) == State::suspect);
  for (const auto& [question, to] : std::exchange(two.sent, {})) {
    const auto asked = decode(question);
    if (asked->about == ana.key.public_key())
      two.hall->hear(ana.says(Kind::answer, asked->nonce, two.key.public_key()), to, two.now());
  }
  two.hall->tick(two.now());
  CHECK(ana.state(two) == State::online);
  CHECK(ana.entry(two)->path == Path::asked);
  two.run(two.at + two.hall->state().bound);
  CHECK(bert.state(two) == State::offline);
}

TEST_CASE("Hall: daemons number names that clash alike, and pass a leave on") {
  Pair pair;
  Peer ana{"ana"};
  Peer other{"ana", "192.0.2.2"};
  other.instance = 50;
  other.enter(pair.two);
  pair.run(100ms);
  ana.enter(pair.one);
  pair.carry();
  for (World* world : {&pair.one, &pair.two}) {
    REQUIRE(world->hall->roster().size() == 2);
    CHECK(ana.entry(*world)->number == 2);
    CHECK(other.entry(*world)->number == 0);
  }
  REQUIRE(pair.two.hall->take(*other.ear, message_type::update, other.says(Kind::leave),
                              pair.two.now()));
  pair.carry();
  CHECK(other.state(pair.one) == State::left);
}

TEST_CASE("Hall: what a daemon tells must be signed by the peer") {
  Pair pair;
  Peer ana{"ana"};
  ana.enter(pair.one);
  Entry forged = *ana.entry(pair.one);
  forged.bytes.back() = static_cast<char>(forged.bytes.back() ^ 1);
  pair.two.hall->hear_daemon(pair.one.key.public_key(), forged, pair.two.now());
  CHECK(ana.entry(pair.two) == nullptr);
}
