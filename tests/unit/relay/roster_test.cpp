// Tests of who is where, out of the records of several logs.
#include "commands/relay/roster.hpp"

#include <doctest/doctest.h>

using namespace netkit::relay;

namespace {

Record entered(SenderKey sender, std::string_view nick, std::uint64_t time_ms = 0) {
  return {.kind = RecordKind::enter, .time_ms = time_ms, .sender = sender, .nick = nick};
}

Record of(RecordKind kind, SenderKey sender, std::string_view room = {}) {
  return {.kind = kind, .sender = sender, .room = room};
}

std::vector<SenderKey> members(const Roster& roster, std::string_view room) {
  std::set<SenderKey> senders;
  roster.each(room, [&](const Person& person) { senders.insert(person.sender); });
  return {senders.begin(), senders.end()};
}

using Keys = std::vector<SenderKey>;

}  // namespace

TEST_CASE("Roster: follows a person from entering to leaving") {
  Roster roster;
  roster.apply(1, entered(10, "Ana", 5));
  REQUIRE(roster.find(10) != nullptr);
  CHECK(roster.find(10)->nick == "Ana");
  CHECK(roster.find(10)->since_ms == 5);
  roster.apply(1, of(RecordKind::join, 10, "lobby"));
  roster.apply(1, of(RecordKind::join, 10, "den"));
  CHECK(members(roster, "lobby") == Keys{10});
  CHECK(roster.rooms() == std::map<std::string, std::size_t>{{"den", 1}, {"lobby", 1}});
  roster.apply(1, of(RecordKind::part, 10, "lobby"));
  CHECK(members(roster, "lobby").empty());
  roster.apply(1, {.kind = RecordKind::nick, .sender = 10, .nick = "Bea"});
  CHECK(roster.called("ana").empty());
  CHECK(roster.called("BEA").size() == 1);
  roster.apply(1, of(RecordKind::leave, 10));
  CHECK(roster.find(10) == nullptr);
  CHECK(roster.rooms().empty());
  CHECK(roster.count(1) == 0);
}

TEST_CASE("Roster: two who look alike by their names clash") {
  Roster roster;
  roster.apply(1, entered(10, "Ana"));
  CHECK_FALSE(roster.is_clash(*roster.find(10)));
  roster.apply(2, entered(20, "ANA"));
  CHECK(roster.is_clash(*roster.find(10)));
  CHECK(roster.called("ana").size() == 2);
  roster.apply(2, of(RecordKind::leave, 20));
  CHECK_FALSE(roster.is_clash(*roster.find(10)));
}

TEST_CASE("Roster: who enters elsewhere has moved, and the old log has no say any more") {
  Roster roster;
  roster.apply(1, entered(10, "ana", 100));
  roster.apply(1, of(RecordKind::join, 10, "lobby"));
  roster.apply(2, entered(10, "ana", 200));
  CHECK(roster.find(10)->log == 2);
  CHECK(members(roster, "lobby").empty());
  roster.apply(1, of(RecordKind::leave, 10));
  roster.apply(1, of(RecordKind::join, 10, "den"));
  CHECK(roster.find(10)->log == 2);
  CHECK(roster.rooms().empty());
  CHECK(roster.count(1) == 0);
  CHECK(roster.count(2) == 1);
}

TEST_CASE("Roster: an older entrance that comes late does not move anybody") {
  Roster roster;
  roster.apply(2, entered(10, "ana", 200));
  roster.apply(1, entered(10, "ana", 100));
  roster.apply(1, of(RecordKind::leave, 10));
  REQUIRE(roster.find(10) != nullptr);
  CHECK(roster.find(10)->log == 2);
}

TEST_CASE("Roster: who enters here is here, whatever the clock of another relay said") {
  Roster roster{1};
  roster.apply(2, entered(10, "ana", 900));
  roster.apply(1, entered(10, "ana", 100));
  CHECK(roster.find(10)->log == 1);
}

TEST_CASE("Roster: a snapshot takes the place of what was known of one log") {
  Roster roster;
  roster.apply(1, entered(10, "ana"));
  roster.apply(1, entered(11, "bea"));
  roster.apply(2, entered(20, "cid"));
  Person person;
  person.sender = 11;
  person.nick = "Bea";
  person.rooms = {"lobby"};
  roster.replace(1, {person});
  CHECK(members(roster, "") == Keys{11, 20});
  CHECK(members(roster, "lobby") == Keys{11});
  CHECK(roster.called("bea").size() == 1);
  roster.forget(1);
  CHECK(members(roster, "") == Keys{20});
  CHECK(roster.rooms().empty());
}

TEST_CASE("Roster: takes neither too many rooms of one nor too many people") {
  Roster roster;
  roster.apply(1, entered(1, "ana"));
  for (std::size_t i = 0; i < Roster::rooms_max + 10; ++i)
    roster.apply(1, of(RecordKind::join, 1, "room-" + std::to_string(i)));
  CHECK(roster.find(1)->rooms.size() == Roster::rooms_max);
  for (SenderKey sender = 2; sender < Roster::people_max + 10; ++sender)
    roster.apply(1, entered(sender, "n"));
  CHECK(roster.count() == Roster::people_max);
}
