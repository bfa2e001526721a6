// Tests of a link whose other end is not a relay of ours: forged, replayed, reordered, cut short,
// too much of everything.
#include "commands/relay/link_machine.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "tests/unit/relay/mesh_world.hpp"

using namespace netkit;
using namespace netkit::relay;
using namespace netkit::relay::test;

namespace {

std::string body_of(auto... numbers) {
  std::string body;
  (append_be(body, numbers), ...);
  return body;
}

RelayFacts facts_of(const LogKey& key, std::string name, std::uint64_t started_ms,
                    std::uint32_t beat = 1) {
  RelayFacts facts;
  facts.log = key.log();
  facts.name = std::move(name);
  facts.public_key = key.public_key();
  facts.started_ms = started_ms;
  facts.beat = beat;
  facts.signature = sign_facts(key, facts);
  return facts;
}

Bundle says(const LogKey& key, std::uint64_t first, std::uint64_t last) {
  std::string records;
  for (std::uint64_t number = first; number <= last; ++number)
    append_record(records, {.sender = 1, .number = number, .room = "r", .nick = "n"});
  return key.seal(first, static_cast<std::uint16_t>(last - first + 1), records);
}

/// One relay, and a stranger at the other end of its link.
struct Desk {
  World world{1};
  LinkMachine link{world[0].mesh(), "stranger", world.now};
  LogKey key = key_of(777);

  Status hear(std::uint16_t type, std::string_view body, std::uint16_t flags = 0) {
    return link.hear({.type = type, .flags = flags, .body = body}, world.now);
  }
  Errc hear_error(std::uint16_t type, std::string_view body) {
    const Status heard = hear(type, body);
    REQUIRE_FALSE(heard);
    return static_cast<Errc>(heard.error().code.value());
  }
  Status relay(const RelayFacts& facts, std::uint16_t flags = 0) {
    std::string body;
    append_facts(body, facts);
    return hear(link_type::relay, body, flags);
  }
  Status have(LogId log, std::uint64_t floor, std::uint64_t last) {
    return hear(link_type::have, body_of(log, floor, last));
  }
  Status bundle(const Bundle& sent) { return hear(link_type::bundle, *sent.bytes); }
  void introduce() { REQUIRE(relay(facts_of(key, "far", world.now.wall_ms))); }
};

}  // namespace

TEST_CASE("LinkMachine: a message of no known type ends the link") {
  Desk desk;
  CHECK(desk.hear_error(47, "") == Errc::malformed);
  CHECK(desk.hear_error(60, "") == Errc::malformed);
  CHECK(desk.hear_error(wire::frame_type::goodbye, "") == Errc::closed);
  CHECK(desk.hear_error(wire::frame_type::error, "no\n") == Errc::refused);
}

TEST_CASE("LinkMachine: records with a forged signature end the link and are not delivered") {
  Desk desk;
  desk.introduce();
  const Bundle bundle = says(desk.key, 1, 2);
  std::string bytes = *bundle.bytes;
  bytes[bytes.size() - 70] = 'x';
  CHECK(desk.hear_error(link_type::bundle, bytes) == Errc::malformed);
  CHECK(desk.world[0].ids.empty());
  std::string records;
  append_record(records, {.kind = RecordKind::leave});
  const Bundle foreign = key_of(778).seal(1, 1, records);
  std::string claimed = *foreign.bytes;
  store_be(claimed.data(), desk.key.log());
  CHECK(desk.hear_error(link_type::bundle, claimed) == Errc::malformed);
}

TEST_CASE("LinkMachine: signed records that no relay writes end the link") {
  Desk desk;
  desk.introduce();
  CHECK_FALSE(desk.bundle(desk.key.seal(1, 1, std::string_view{"\0\0\0\1x", 5})));
  CHECK(desk.world[0].ids.empty());
  CHECK(desk.world[0].kept.empty());
}

TEST_CASE("LinkMachine: our own log's records that we never made end the link") {
  Desk desk;
  desk.world[0].say(1, 1);
  desk.world[0].mesh().seal();
  const LogKey own = key_of(1);
  CHECK(desk.bundle(says(own, 1, 1)));
  CHECK(desk.world[0].mesh().duplicates() == 1);
  CHECK_FALSE(desk.bundle(says(own, 2, 2)));
  CHECK(desk.have(own.log(), 1, 1));
  CHECK(desk.world[0].safe == 1);
  CHECK_FALSE(desk.have(own.log(), 1, 2));
}

TEST_CASE("LinkMachine: facts are checked: the key, the signature, the clock") {
  Desk desk;
  RelayFacts facts = facts_of(desk.key, "far", desk.world.now.wall_ms);
  RelayFacts changed = facts;
  changed.log ^= 1;
  CHECK_FALSE(desk.relay(changed));
  changed = facts;
  changed.name = "near";
  CHECK_FALSE(desk.relay(changed));
  changed = facts;
  changed.beat = 9;
  CHECK_FALSE(desk.relay(changed));
  CHECK(desk.world[0].mesh().relays().size() == 1);
  changed = facts_of(desk.key, "far", desk.world.now.wall_ms + 90'000'000);
  CHECK_FALSE(desk.relay(changed));
  changed.hops = 1;
  CHECK(desk.relay(changed));
  CHECK(desk.world[0].mesh().relays().size() == 1);
  CHECK(desk.relay(facts));
  CHECK(desk.relay(facts));
  changed = facts;
  changed.beat = 2;
  CHECK(desk.relay(changed));  // Too soon to be looked at.
  desk.world.pass(1s);
  CHECK_FALSE(desk.relay(changed));
}

TEST_CASE("LinkMachine: facts without a signature are of a run that is over until it is heard") {
  Desk desk;
  RelayFacts facts = facts_of(desk.key, "far", desk.world.now.wall_ms);
  RelayFacts unheard = facts;
  unheard.signature.clear();
  unheard.name = "wrong";
  REQUIRE(desk.relay(unheard));
  CHECK(desk.world[0].mesh().relays().back().away);
  REQUIRE(desk.relay(facts));
  CHECK_FALSE(desk.world[0].mesh().relays().back().away);
  CHECK(desk.world[0].mesh().relays().back().name == "far");
  REQUIRE(desk.relay(unheard));
  CHECK(desk.world[0].mesh().relays().back().name == "far");
  CHECK(desk.world[0].events.empty());
}

TEST_CASE("LinkMachine: what is replayed and reordered comes once and in order") {
  Desk desk;
  desk.introduce();
  for (int round = 0; round < 3; ++round)
    for (const std::uint64_t first : {1, 5, 3, 7, 1, 3, 5})
      CHECK(desk.bundle(says(desk.key, first, first + 1)));
  CHECK(desk.world[0].heard(1) == up_to(8));
  CHECK(desk.world[0].kept.size() == 4);
  // Two bundles were dropped for what was missing before them.
  CHECK(desk.link.status().received == 8);
}

TEST_CASE("LinkMachine: records of a log that nobody introduced are let be") {
  Desk desk;
  CHECK(desk.bundle(says(desk.key, 1, 1)));
  CHECK(desk.have(desk.key.log(), 1, 5));
  CHECK(desk.world[0].ids.empty());
  CHECK(desk.world[0].mesh().relays().size() == 1);
}

TEST_CASE("LinkMachine: nothing is sent before the peer said what it has, and never back") {
  Desk desk;
  desk.world[0].say(9, 1);
  desk.world[0].mesh().seal();
  desk.introduce();
  REQUIRE(desk.bundle(says(desk.key, 1, 3)));
  std::string out;
  desk.link.fill(out, 1 << 20, desk.world.now);
  CHECK(desk.link.status().sent == 0);
  REQUIRE(desk.hear(link_type::have, "", flag_more));
  desk.link.fill(out, 1 << 20, desk.world.now);
  CHECK(desk.link.status().sent == 0);
  REQUIRE(desk.hear(link_type::have, ""));
  desk.link.fill(out, 1 << 20, desk.world.now);
  CHECK(desk.link.status().sent == 1);
}

TEST_CASE("LinkMachine: what is wanted again is sent again, and what is gone is a gap") {
  Desk desk;
  const LogId log = desk.world[0].mesh().log();
  for (std::uint64_t number = 1; number <= 4; ++number)
    desk.world[0].say(9, number);
  desk.world[0].mesh().seal();
  REQUIRE(desk.hear(link_type::have, ""));
  std::string out;
  desk.link.fill(out, 1 << 20, desk.world.now);
  CHECK(desk.link.status().sent == 4);
  REQUIRE(desk.hear(link_type::want, body_of(log, std::uint64_t{2})));
  desk.link.fill(out, 1 << 20, desk.world.now);
  CHECK(desk.link.status().sent == 6);
  CHECK_FALSE(desk.hear(link_type::want, body_of(log, ~std::uint64_t{0})));
}

TEST_CASE("LinkMachine: one turn writes about as much as it may") {
  Desk desk;
  REQUIRE(desk.hear(link_type::have, ""));
  const std::string text(1'000, 'x');
  for (std::uint64_t number = 1; number <= 1'000; ++number)
    desk.world[0].say(9, number, text);
  desk.world[0].mesh().seal();
  std::string out;
  CHECK(desk.link.fill(out, 100'000, desk.world.now));
  CHECK(out.size() >= 100'000);
  CHECK(out.size() < 100'000 + bundle_size_max + 1'000);
  std::size_t turns = 1;
  for (bool more = true; more; ++turns)
    more = desk.link.fill(out = {}, 100'000, desk.world.now);
  CHECK(turns <= 12);
  CHECK(desk.link.status().sent == 1'000);
}

TEST_CASE("LinkMachine: pings are answered, timed, and their lack is noticed") {
  Desk desk;
  CHECK_FALSE(desk.hear(wire::frame_type::ping, std::string(65, 'x')));
  REQUIRE(desk.hear(wire::frame_type::ping, "abc"));
  std::string out;
  desk.link.fill(out, 1 << 20, desk.world.now);
  std::string pong, ping;
  wire::append_frame(pong, {.type = wire::frame_type::pong, .body = "abc"});
  const std::string body = body_of(std::uint64_t{1});
  wire::append_frame(ping, {.type = wire::frame_type::ping, .body = body});
  CHECK(out.find(pong) != std::string::npos);
  CHECK(out.find(ping) != std::string::npos);
  desk.world.pass(30ms);
  REQUIRE(desk.hear(wire::frame_type::pong, body));
  CHECK(desk.link.status().delay == 30ms);
  REQUIRE(desk.hear(wire::frame_type::pong, body));
  desk.world.pass(11'999ms);
  CHECK_FALSE(desk.link.is_silent(desk.world.now));
  desk.world.pass(1ms);
  CHECK(desk.link.is_silent(desk.world.now));
}

TEST_CASE("LinkMachine: a roster that was not asked for is not taken, nor one that is too long") {
  Desk desk;
  desk.introduce();
  std::vector<std::string> frames;
  Person person;
  person.sender = 5;
  person.nick = "ana";
  append_roster(frames, desk.key.log(), 9, std::vector<const Person*>(1'000, &person));
  const std::string_view body = std::string_view{frames.front()}.substr(wire::frame_header_size);
  CHECK(desk.hear(link_type::roster, body));
  CHECK(desk.world[0].mesh().roster().find(5) == nullptr);
  // A hole in the log: now it is asked for.
  REQUIRE(desk.bundle(says(desk.key, 5, 6)));
  desk.world.pass(2s);
  desk.world.pass(2s);
  Status heard = ok;
  int rounds = 0;
  for (; heard && rounds < 200; ++rounds)
    heard = desk.hear(link_type::roster, body, flag_more);
  CHECK_FALSE(heard);
  CHECK(rounds == 66);
}

TEST_CASE("LinkMachine: too many questions at once end the link") {
  Desk desk;
  const std::string body =
      body_of(std::uint32_t{1}, desk.world[0].mesh().log(), std::uint64_t{1}, std::uint64_t{5});
  for (std::size_t i = 0; i < LinkMachine::fetches_max; ++i)
    CHECK(desk.hear(link_type::fetch, body));
  CHECK_FALSE(desk.hear(link_type::fetch, body));
}

TEST_CASE("LinkMachine: a flood of made-up relays displaces none that lives") {
  Desk desk;
  desk.introduce();
  unsigned made = 0;
  const auto run_that_is_over = [&] {
    RelayFacts facts;
    std::string key(32, '\0');
    store_be(key.data(), ++made);
    facts.public_key = key;
    facts.log = log_of(key);
    facts.name = "x";
    facts.started_ms = 1'000 + made;
    return facts;
  };
  for (unsigned i = 0; i < Mesh::link_logs_max + 100; ++i)
    REQUIRE(desk.relay(run_that_is_over()));
  // Its own is one of them.
  CHECK(desk.world[0].mesh().relays().size() == 1 + Mesh::link_logs_max);
  while (made < Mesh::logs_max + 1'000) {
    LinkMachine again{desk.world[0].mesh(), "stranger", desk.world.now};
    for (unsigned i = 0; i < Mesh::link_logs_max; ++i) {
      std::string body;
      append_facts(body, run_that_is_over());
      REQUIRE(again.hear({.type = link_type::relay, .body = body}, desk.world.now));
    }
  }
  CHECK(desk.world[0].mesh().relays().size() == Mesh::logs_max);
  CHECK(desk.bundle(says(desk.key, 1, 3)));
  CHECK(desk.world[0].heard(1) == up_to(3));
}

TEST_CASE("LinkMachine: of relays that live only so many are taken from one link") {
  Desk desk;
  const auto living = [&](unsigned number, unsigned hops, std::uint32_t beat = 1) {
    RelayFacts facts = facts_of(key_of(1'000 + number), "x", desk.world.now.wall_ms, beat);
    facts.hops = hops;
    return facts;
  };
  const auto count = [&] { return desk.world[0].mesh().relays().size(); };
  const unsigned most = Mesh::link_relays_max;
  for (unsigned number = 0; number < most + 10; ++number)
    REQUIRE(desk.relay(living(number, 2 + number % 3)));
  CHECK(count() == 1 + most);
  // The link's peer is not to blame, and those that are near have places of their own.
  CHECK(desk.relay(living(3'000, 1)));
  CHECK(count() == 2 + most);
  RelayFacts is_over = living(most, 2);
  is_over.signature.clear();
  CHECK(desk.relay(is_over));
  CHECK(count() == 3 + most);
  CHECK(desk.relay(living(most, 2)));
  CHECK(desk.world[0].mesh().facts_of(is_over.log)->away);
  // Once others are away it comes to life.
  desk.world.pass(Mesh::away_limit + 1s);
  CHECK(desk.relay(living(most, 2, 2)));
  CHECK_FALSE(desk.world[0].mesh().facts_of(is_over.log)->away);
}

TEST_CASE("LinkMachine: a peer that says to be two relays ends the link") {
  Desk desk;
  desk.introduce();
  CHECK(desk.relay(facts_of(desk.key, "far", desk.world.now.wall_ms, 2)));
  std::string other;
  append_facts(other, facts_of(key_of(778), "other", desk.world.now.wall_ms));
  CHECK(desk.hear_error(link_type::relay, other) == Errc::refused);
  CHECK(desk.world[0].mesh().relays().size() == 2);
}

TEST_CASE("LinkMachine: relays that others know, too, do not count against a link") {
  Desk desk;
  LinkMachine other{desk.world[0].mesh(), "other", desk.world.now};
  for (unsigned number = 0; number < 2 * Mesh::link_relays_max; ++number) {
    std::string body;
    RelayFacts facts = facts_of(key_of(1'000 + number), "x", desk.world.now.wall_ms);
    facts.hops = 1;
    append_facts(body, facts);
    REQUIRE(desk.hear(link_type::relay, body));
    REQUIRE(other.hear({.type = link_type::relay, .body = body}, desk.world.now));
  }
  CHECK(desk.world[0].mesh().relays().size() == 1 + 2 * Mesh::link_relays_max);
}

TEST_CASE("LinkMachine: a flood of probes is passed on in moderation") {
  Desk desk;
  LinkMachine other{desk.world[0].mesh(), "other", desk.world.now};
  std::string out;
  other.fill(out, 1 << 20, desk.world.now);
  for (std::uint64_t id = 0; id < 1'000; ++id) {
    Probe probe{.id = id, .path = {}};
    probe.path.steps.push_back({.relay = "far"});
    std::string body;
    append_probe(body, probe);
    REQUIRE(desk.hear(link_type::probe, body));
  }
  out.clear();
  other.fill(out, 1 << 20, desk.world.now);
  CHECK(out.size() < 20 * 64);
}

TEST_CASE("LinkMachine: every message cut short at every place, and with every byte changed") {
  Desk desk;
  desk.introduce();
  const LogId log = desk.key.log();
  const std::uint64_t one = 1;
  std::vector<std::pair<std::uint16_t, std::string>> messages;
  std::string facts, probe;
  append_facts(facts, facts_of(desk.key, "far", desk.world.now.wall_ms, 2));
  Probe asked{.id = 5, .path = {}};
  asked.path.steps.push_back({.relay = "far"});
  append_probe(probe, asked);
  std::vector<std::string> roster;
  Person person;
  person.nick = "ana";
  person.rooms = {"lobby"};
  append_roster(roster, log, 9, {&person});
  messages.emplace_back(link_type::relay, facts);
  messages.emplace_back(link_type::have, body_of(log, one, one));
  messages.emplace_back(link_type::bundle, *says(desk.key, 1, 2).bytes);
  messages.emplace_back(link_type::gap, body_of(log, one, one));
  messages.emplace_back(link_type::want, body_of(log, one));
  messages.emplace_back(link_type::roster, roster.front().substr(wire::frame_header_size));
  messages.emplace_back(link_type::want_roster, body_of(log));
  messages.emplace_back(link_type::fetch, body_of(std::uint32_t{1}, log, one, one));
  messages.emplace_back(link_type::probe, probe);
  messages.emplace_back(link_type::probe_answer, probe);
  for (const auto& [type, body] : messages) {
    CAPTURE(type);
    desk.world.pass(1s);
    for (std::size_t size = 0; size < body.size(); ++size) {
      const bool may_be_shorter = (type == link_type::have && size == 0) ||
                                  (type == link_type::relay && size == body.size() - 64) ||
                                  (type == link_type::roster && size == 16);
      CHECK(static_cast<bool>(desk.hear(type, body.substr(0, size))) == may_be_shorter);
    }
    for (std::size_t at = 0; at < body.size(); ++at) {
      std::string changed = body;
      changed[at] = static_cast<char>(~changed[at]);
      (void)desk.hear(type, changed);
      std::string out;
      desk.link.fill(out, 1 << 16, desk.world.now);
    }
    if (type != link_type::fetch) CHECK(desk.hear(type, body));
  }
  desk.world.settle();
  CHECK(desk.world[0].heard(1) == up_to(2));
}
