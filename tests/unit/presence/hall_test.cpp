// Tests of a daemon without sockets: entering, forgeries, verdicts over a lossy network, followers.
#include <doctest/doctest.h>
#include <random>

#include "tests/unit/presence/hall_world.hpp"

using namespace netkit;
using namespace netkit::presence;
using namespace netkit::presence::test;

TEST_CASE("Hall: who is heard for the first time is asked, and enters by its answer") {
  World world;
  Peer ana{"ana"};
  world.hall->hear(ana.says(Kind::announce), ana.from, world.now());
  CHECK(ana.entry(world) == nullptr);
  REQUIRE(world.sent.size() == 1);
  CHECK(world.sent[0].second == ana.from);
  const auto question = decode(world.sent[0].first);
  REQUIRE(question);
  CHECK(question->kind == Kind::ask);
  CHECK(question->about == ana.key.public_key());
  world.hall->hear(ana.says(Kind::answer, question->nonce, world.key.public_key()), ana.from,
                   world.now());
  REQUIRE(ana.entry(world) != nullptr);
  CHECK(ana.state(world) == State::online);
}

TEST_CASE("Hall: recorded, forged and misdirected words enter nobody and change nothing") {
  World world;
  Peer ana{"ana"};
  const std::string recorded = ana.says(Kind::announce);
  world.hall->hear(recorded, ana.from, world.now());
  const auto question = decode(world.sent.at(0).first);
  // An answer to another question, by another key, about another daemon, or changed on the way.
  Peer eve{"ana"};
  world.hall->hear(ana.says(Kind::answer, 1, world.key.public_key()), ana.from, world.now());
  world.hall->hear(eve.says(Kind::answer, question->nonce, world.key.public_key()), ana.from,
                   world.now());
  world.hall->hear(ana.says(Kind::answer, question->nonce, eve.key.public_key()), ana.from,
                   world.now());
  std::string forged = ana.says(Kind::answer, question->nonce, world.key.public_key());
  forged[40] = static_cast<char>(forged[40] ^ 1);
  world.hall->hear(forged, ana.from, world.now());
  world.at += 4s;
  world.hall->hear(ana.says(Kind::answer, question->nonce, world.key.public_key()), ana.from,
                   world.now());
  CHECK(world.hall->roster().size() == 0);

  ana.enter(world);
  world.hall->hear(recorded, ana.from, world.now());
  std::string leave = ana.says(Kind::leave);
  leave.back() = static_cast<char>(leave.back() ^ 1);
  world.hall->hear(leave, ana.from, world.now());
  CHECK(ana.state(world) == State::online);
  world.hall->hear(ana.says(Kind::leave), ana.from, world.now());
  CHECK(ana.state(world) == State::left);
  world.run(world.at + 20s);
  CHECK(ana.state(world) == State::left);
}

TEST_CASE("Hall: a flood of forgeries is mostly not even looked at") {
  World world;
  Peer eve{"eve"};
  std::string forged = eve.says(Kind::announce);
  for (int i = 0; i < 10'000; ++i) {
    forged[60] = static_cast<char>(i);
    forged[61] = static_cast<char>(i >> 8);
    world.hall->hear(forged, eve.from, world.now());
  }
  const HallState state = world.hall->state();
  CHECK(state.dropped_rate >= 9'700);
  CHECK(state.dropped_signature <= 300);
  CHECK(world.sent.size() <= 1);  // The one that was not changed.
}

TEST_CASE("Hall: entering by a conversation takes its nonce and its own key") {
  World world;
  Peer ana{"ana"};
  Ear ear{ana.from.address()};
  ear.role = Role::peer;
  world.hall->greet(ear);
  CHECK(!world.hall->take(ear, message_type::enter, ana.says(Kind::announce, ear.nonce + 1),
                          world.now()));
  CHECK(!world.hall->take(ear, message_type::enter, "noise", world.now()));
  CHECK(!world.hall->take(ear, 999, "", world.now()));
  CHECK(
      world.hall->take(ear, message_type::enter, ana.says(Kind::announce, ear.nonce), world.now()));
  const auto frames = ear.frames();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].first == message_type::welcome);
  Peer eve{"eve"};
  CHECK(!world.hall->take(ear, message_type::update, eve.says(Kind::leave), world.now()));
  world.hall->leave(ear, world.now());
}

TEST_CASE("Hall: a killed process is offline at once, a crash of the connection alone is not") {
  World world;
  Peer ana{"ana"};
  Peer bob{"bob", "192.0.2.2", 40'001};
  ana.enter(world);
  bob.enter(world);
  world.hall->leave(*ana.ear, world.now());
  world.hall->leave(*bob.ear, world.now());
  world.run(world.at + 10ms);
  REQUIRE(world.knocks.size() == 2);
  CHECK(ana.state(world) == State::suspect);
  world.hall->knocked(ana.entry(world)->slot, true, world.now());
  world.hall->knocked(bob.entry(world)->slot, false, world.now());
  world.hall->tick(world.now());
  CHECK(ana.state(world) == State::offline);
  // bob answers the question.
  for (const auto& [datagram, to] : world.sent) {
    const auto question = decode(datagram);
    if (to == bob.from && question->kind == Kind::ask)
      world.hall->hear(bob.says(Kind::answer, question->nonce, world.key.public_key()), to,
                       world.now());
  }
  world.hall->tick(world.now());
  CHECK(bob.state(world) == State::online);
  world.run(world.at + 900ms);
  CHECK(bob.state(world) == State::online);
}

TEST_CASE("Hall: an association is bound by the cookie of the conversation") {
  World world;
  Peer ana{"ana"};
  ana.enter(world);
  const auto welcome = decode_welcome(ana.ear->frames().at(0).second);
  REQUIRE(welcome);
  Ear sctp{ana.from.address()};
  world.hall->greet(sctp);
  CHECK(!world.hall->take(sctp, message_type::bind, std::string(16, 'x'), world.now()));
  REQUIRE(world.hall->take(sctp, message_type::bind, welcome->cookie, world.now()));
  for (int i = 0; i < 10; ++i) {
    world.run(world.at + 1s);
    REQUIRE(world.hall->take(sctp, message_type::beat, "", world.now()));
  }
  CHECK(ana.state(world) == State::online);
  CHECK(ana.entry(world)->path == Path::sctp);
  world.hall->leave(sctp, world.now());
  world.run(world.at + 3s);
  CHECK(ana.state(world) == State::offline);
  CHECK(ana.ear->ended);  // It comes anew once it is back.
}

TEST_CASE("Hall: others are asked about a suspect, and what they bring keeps it") {
  World world;
  Peer ana{"ana"};
  Peer bob{"bob", "192.0.2.2", 40'001};
  ana.enter(world);
  bob.enter(world);
  bob.ear->frames();
  for (int i = 0; i < 60; ++i) {
    world.run(world.at + 100ms);
    REQUIRE(world.hall->take(*bob.ear, message_type::beat, "", world.now()));
    for (const auto& [type, body] : bob.ear->frames()) {
      if (type != message_type::ask_for) continue;
      const auto question = decode_ask_for(body);
      REQUIRE(question);
      CHECK(is_authentic(question->question));
      const auto ask = decode(question->question);
      REQUIRE(ask);
      CHECK(ask->about == ana.key.public_key());
      std::string asked;
      append_asked(asked, {question->request, ana.says(Kind::answer, ask->nonce, ask->key)});
      const std::string_view body_of_it = std::string_view{asked}.substr(wire::frame_header_size);
      REQUIRE(world.hall->take(*bob.ear, message_type::asked, body_of_it, world.now()));
    }
  }
  CHECK(ana.state(world) != State::offline);
  CHECK(ana.entry(world)->path == Path::asked);
  CHECK(ana.entry(world)->addresses.front() == ana.from.address());
}

TEST_CASE("Hall: ten minutes of twenty peers at a fifth lost each way, nobody falsely offline") {
  World world;
  std::mt19937 random{42};
  const auto arrives = [&] { return random() % 5 != 0; };
  std::deque<Peer> peers;
  for (int i = 0; i < 20; ++i) {
    peers.emplace_back("p" + std::to_string(i), ("192.0.2." + std::to_string(i + 1)).c_str());
    peers.back().enter(world);
  }
  const Time end = world.at + 600s;
  std::size_t suspicions = 0;
  std::size_t asked = 0;
  for (int step = 0; world.at < end; ++step) {
    world.run(world.at + 50ms);
    for (std::size_t i = 0; i < peers.size(); ++i) {
      Peer& peer = peers[i];
      // A beat each second; what is lost goes again after 100 and 300 ms, as SCTP would send it.
      const int phase = (step + static_cast<int>(i)) % 20;
      if ((phase == 0 || phase == 2 || phase == 6) && arrives())
        REQUIRE(world.hall->take(*peer.ear, message_type::beat, "", world.now()));
      suspicions += peer.state(world) == State::suspect ? 1 : 0;
      REQUIRE(peer.state(world) != State::offline);
    }
    for (const auto& [datagram, to] : std::exchange(world.sent, {})) {
      ++asked;
      const auto question = decode(datagram);
      if (question->kind != Kind::ask || !arrives() || !arrives()) continue;
      for (Peer& peer : peers)
        if (peer.from == to)
          world.hall->hear(peer.says(Kind::answer, question->nonce, world.key.public_key()), to,
                           world.now());
    }
  }
  CHECK(suspicions > 0);    // The loss was felt.
  CHECK(asked < 20 * 600);  // Less than a question a second and peer.
}

TEST_CASE("Hall: a follower has the whole roster, then each change, at its own pace") {
  World world;
  std::deque<Peer> peers;
  for (int i = 0; i < 600; ++i) {
    peers.emplace_back("peer" + std::to_string(i));
    peers.back().enter(world);
  }
  std::string after;
  append_subscribe(after, 0);
  Ear quick{asio::ip::make_address("192.0.2.8")};
  world.hall->greet(quick);
  REQUIRE(world.hall->take(quick, message_type::subscribe, after.substr(wire::frame_header_size),
                           world.now()));
  CHECK(quick.frames().back().first == message_type::roster_end);  // Nobody says that it goes on.
  Ear watcher{asio::ip::make_address("192.0.2.9")};
  watcher.room = 1;
  world.hall->greet(watcher);
  REQUIRE(world.hall->take(watcher, message_type::subscribe, after.substr(wire::frame_header_size),
                           world.now()));
  CHECK(watcher.bytes.size() < 80 * 1024);  // A piece.
  std::map<std::string, State> copy;
  bool ended = false;
  const auto hear = [&] {
    for (const auto& [type, body] : watcher.frames()) {
      if (type == message_type::entry) {
        const auto entry = decode_entry(body);
        REQUIRE(entry);
        copy[entry->said.name] = entry->state;
      }
      ended = type == message_type::roster_end;
    }
  };
  while (!ended) {
    hear();
    world.hall->fill(watcher);
  }
  CHECK(copy.size() == 600);
  watcher.takes = false;
  world.hall->leave(*peers[7].ear, world.now());
  world.hall->tick(world.now());
  CHECK(watcher.bytes.empty());
  watcher.takes = true;
  world.hall->fill(watcher);
  hear();
  CHECK(copy["peer7"] == State::suspect);
  CHECK(ended);
}

TEST_CASE("Hall: cut off itself it says so to followers, and declares nobody") {
  World world;
  Peer ana{"ana"};
  Peer bob{"bob", "192.0.2.2"};
  ana.enter(world);
  bob.enter(world);
  Ear watcher{asio::ip::make_address("127.0.0.1")};
  world.hall->greet(watcher);
  std::string after;
  append_subscribe(after, 0);
  REQUIRE(world.hall->take(watcher, message_type::subscribe, after.substr(wire::frame_header_size),
                           world.now()));
  watcher.frames();
  world.run(world.at + 30s);
  CHECK(ana.state(world) == State::suspect);
  CHECK(bob.state(world) == State::suspect);
  CHECK(world.hall->state().isolated);
  bool told = false;
  for (const auto& [type, body] : watcher.frames())
    if (type == message_type::roster_end) told = told || decode_roster_end(body)->isolated;
  CHECK(told);
  CHECK(world.hall->why("ana", world.now()).find("itself cut off") != std::string::npos);
}
