// The index of sessions: three ways to find one, limits, scopes and noted uses.
#include "commands/auth/session_index.hpp"

#include <doctest/doctest.h>

#include "base/bytes.hpp"

namespace netkit::auth {
namespace {

constexpr Time now = 1'800'000'000;
constexpr Time idle = 1000;

Session session_of(char mark, std::string user) {
  Session session;
  session.id = std::string(16, mark);
  session.token_hash = std::string(32, mark);
  session.public_key = std::string(32, 'K');
  session.user_key = user;
  session.user = std::move(user);
  session.created = session.last_used = now;
  session.expires = now + 5000;
  return session;
}

const std::vector<std::string> relay{"relay"};

TEST_CASE("SessionIndex: finds a session by its token's hash and by its id") {
  SessionIndex index{idle};
  index.add(session_of('a', "anna"), relay);
  REQUIRE(index.find(std::string(32, 'a'), now));
  CHECK(index.find_by_id(std::string(16, 'a'), now)->holder->user == "anna");
  CHECK_FALSE(index.find(std::string(32, 'b'), now));
  CHECK_FALSE(index.find("", now));
}

TEST_CASE("SessionIndex: an ended session is found in no way") {
  SessionIndex index{idle};
  index.add(session_of('a', "anna"), relay);
  index.add(session_of('b', "anna"), relay);
  index.end(std::string(16, 'a'));
  index.end(std::string(16, 'a'));
  CHECK_FALSE(index.find(std::string(32, 'a'), now));
  CHECK_FALSE(index.find_by_id(std::string(16, 'a'), now));
  CHECK(index.count_of("anna") == 1);
  index.end(std::string(16, 'b'));
  CHECK(index.count_of("anna") == 0);
  CHECK(index.size() == 0);
}

TEST_CASE("SessionIndex: a session ends at its expiry and after too long without use") {
  SessionIndex index{idle};
  index.add(session_of('a', "anna"), relay);
  CHECK(index.find(std::string(32, 'a'), now + idle - 1));
  CHECK_FALSE(index.find(std::string(32, 'a'), now + idle));
  index.use(*index.find(std::string(32, 'a'), now + 900), "192.0.2.1", now + 900);
  CHECK(index.find(std::string(32, 'a'), now + 900 + idle - 1));
  for (Time at = now + 900; at < now + 5000; at += 500)
    index.use(*index.find(std::string(32, 'a'), at), "192.0.2.1", at);
  CHECK(index.find(std::string(32, 'a'), now + 4999));
  CHECK_FALSE(index.find(std::string(32, 'a'), now + 5000));
}

TEST_CASE("SessionIndex: adding the same id again replaces it, its old token's hash is unknown") {
  SessionIndex index{idle};
  index.add(session_of('a', "anna"), relay);
  Session again = session_of('a', "anna");
  again.token_hash = std::string(32, 'z');
  index.add(again, relay);
  CHECK_FALSE(index.find(std::string(32, 'a'), now));
  CHECK(index.find(std::string(32, 'z'), now));
  CHECK(index.size() == 1);
  CHECK(index.count_of("anna") == 1);
}

TEST_CASE("SessionIndex: a change of scopes reaches all sessions of that user and no other") {
  SessionIndex index{idle};
  index.add(session_of('a', "anna"), relay);
  index.add(session_of('b', "anna"), relay);
  index.add(session_of('c', "carl"), relay);
  const std::vector<std::string> admin{"admin"};
  CHECK(index.rescope("anna", admin).size() == 2);
  CHECK(index.find(std::string(32, 'a'), now)->holder->scopes == admin);
  CHECK(index.find(std::string(32, 'b'), now)->holder->scopes == admin);
  CHECK(index.find(std::string(32, 'c'), now)->holder->scopes == relay);
  CHECK(index.rescope("nobody", admin).empty());
  index.add(session_of('d', "anna"), admin);
  CHECK(index.count_of("anna") == 3);
}

TEST_CASE("SessionIndex: a held session outlives its end in the index") {
  SessionIndex index{idle};
  index.add(session_of('a', "anna"), relay);
  const SessionIndex::Found held = index.find(std::string(32, 'a'), now);
  index.clear();
  CHECK(held->holder->user == "anna");
}

TEST_CASE("SessionIndex: the grant is the frame that services expect, for stream 0") {
  SessionIndex index{idle};
  index.add(session_of('a', "anna"), relay);
  const std::string& grant = index.find(std::string(32, 'a'), now)->grant;
  std::string expected{"\xF7NK\x01\x00\x24\x00\x00\x00\x00\x00\x00\x00\x00\x00\x4E", 16};
  expected += std::string(16, 'a') + std::string(32, 'K');
  append_be(expected, std::uint64_t{now + 5000});
  append_be(expected, std::uint64_t{idle});
  expected += std::string{
      "\x00\x04"
      "anna\x01\x00\x05relay",
      14};
  CHECK(grant == expected);
}

TEST_CASE("SessionIndex: uses are noted once in ten seconds and taken once") {
  SessionIndex index{idle};
  index.add(session_of('a', "anna"), relay);
  const auto found = index.find(std::string(32, 'a'), now);
  index.use(*found, "192.0.2.1", now + 9);
  CHECK(index.take_uses().empty());
  index.use(*found, "192.0.2.1", now + 10);
  index.use(*found, "192.0.2.2", now + 25);
  const auto uses = index.take_uses();
  REQUIRE(uses.size() == 1);
  CHECK(uses[0].address == "192.0.2.2");
  CHECK(uses[0].at == now + 25);
  // One whose address is not known does not hide where the session was.
  index.use(*found, "192.0.2.3", now + 40);
  index.use(*found, {}, now + 60);
  CHECK(index.take_uses()[0].address == "192.0.2.3");
  CHECK(index.take_uses().empty());
  CHECK(index.last_use_of("anna") == now + 60);
}

TEST_CASE("SessionIndex: a session that is used does not end within a short idle limit") {
  SessionIndex index{4};
  index.add(session_of('a', "anna"), relay);
  for (Time at = now + 3; at < now + 40; at += 3) {
    const auto found = index.find(std::string(32, 'a'), at);
    REQUIRE(found);
    index.use(*found, "192.0.2.1", at);
  }
}

TEST_CASE("SessionIndex: uses that could not be written are taken again, later ones first") {
  SessionIndex index{idle};
  index.add(session_of('a', "anna"), relay);
  index.add(session_of('b', "anna"), relay);
  for (const char mark : {'a', 'b'})
    index.use(*index.find(std::string(32, mark), now), "192.0.2.1", now + 20);
  std::vector<SessionUse> lost = index.take_uses();
  CHECK(lost.size() == 2);
  index.use(*index.find(std::string(32, 'b'), now), "192.0.2.2", now + 40);
  index.give_back(std::move(lost));
  const std::vector<SessionUse> uses = index.take_uses();
  REQUIRE(uses.size() == 2);
  for (const SessionUse& use : uses)
    CHECK(use.at == (use.id == std::string(16, 'a') ? now + 20 : now + 40));
}

TEST_CASE("SessionIndex: a use that another server saw counts, and is not written again") {
  SessionIndex index{idle};
  index.add(session_of('a', "anna"), relay);
  index.see_use(std::string(16, 'a'), now + 900);
  index.see_use(std::string(16, 'a'), now + 800);
  index.see_use(std::string(16, 'x'), now + 900);
  CHECK(index.find(std::string(32, 'a'), now + 900 + idle - 1));
  CHECK(index.take_uses().empty());
  // What is read from the store may be behind.
  index.add(session_of('a', "anna"), relay);
  CHECK(index.find(std::string(32, 'a'), now + 900 + idle - 1));
}

TEST_CASE("SessionIndex: sessions are found by the first digits of their ids") {
  SessionIndex index{idle};
  index.add(session_of('a', "anna"), relay);
  index.add(session_of('b', "anna"), relay);
  CHECK(index.with_prefix("61616161", 10, now).size() == 1);
  CHECK(index.with_prefix("6", 10, now).size() == 2);
  CHECK(index.with_prefix("6", 1, now).size() == 1);
  CHECK(index.with_prefix("7", 10, now).empty());
}

}  // namespace
}  // namespace netkit::auth
