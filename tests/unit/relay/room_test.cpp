// A room: its dialects in step, its bounds, and what a client that was away has missed.
#include "commands/relay/room.hpp"

#include <doctest/doctest.h>
#include <string>

namespace netkit::relay {
namespace {

Said said(LogId log, std::uint64_t seq, std::string_view text) {
  Said said;
  said.id = {log, seq};
  said.nick = "anna";
  said.room = "lobby";
  said.text = text;
  return said;
}

TEST_CASE("Room: a dialect that comes later gets what is kept, and both stay in step") {
  Room room{"lobby", {}, 1};
  room.append(said(7, 1, "one"));
  room.append(said(7, 2, "two"));
  CHECK(room.slice(Lane::line, 1, 1000).empty());
  room.use(Lane::line);
  room.append(said(7, 3, "three"));
  CHECK(room.slice(Lane::line, 1, 1000).bytes == "anna: one\nanna: two\nanna: three\n");
  CHECK(room.slice(Lane::frame, 1, 1000).count == 3);
  CHECK(room.at(2)->text == "two");
  CHECK(room.at(2)->id == RecordId{7, 2});
  CHECK_FALSE(room.at(4));
}

TEST_CASE("Room: keeps as many messages as it may, and numbers go on") {
  Room room{"lobby", {.messages_max = 3, .bytes_max = 1 << 20}, 1};
  for (std::uint64_t seq = 1; seq <= 10; ++seq)
    room.append(said(7, seq, std::to_string(seq)));
  CHECK(room.first() == 8);
  CHECK(room.next() == 11);
  CHECK(room.slice(Lane::frame, 7, 1000).empty());
  CHECK_FALSE(room.at(7));
  CHECK(room.at(8)->text == "8");
}

TEST_CASE("Room: keeps as many bytes as it may, but always the last message") {
  Room room{"lobby", {.messages_max = 1000, .bytes_max = 100'000}, 1};
  for (std::uint64_t seq = 1; seq <= 100; ++seq)
    room.append(said(7, seq, std::string(10'000, 'x')));
  CHECK(room.next() - room.first() <= 12);
  CHECK(room.next() > room.first());
  room.append(said(7, 101, std::string(500'000, 'y')));
  CHECK(room.at(101)->text.size() == 500'000);
}

TEST_CASE("Room: what somebody was not sent stays, and is in the way of what comes next") {
  Room room{"lobby", {.messages_max = 3, .bytes_max = 1 << 20}, 2};
  CHECK(room.has_way());
  room.set_awaited(1, 1);
  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    REQUIRE(room.has_way());
    room.append(said(7, seq, "x"), Unsent::stays);
  }
  CHECK(room.has_way());
  room.append(said(7, 4, "x"), Unsent::stays);
  CHECK(room.first() == 1);
  CHECK_FALSE(room.has_way());
  CHECK(room.is_in_the_way());
  room.set_awaited(1, 3);
  CHECK(room.has_way());
  CHECK_FALSE(room.is_in_the_way());
  CHECK(room.first() == 2);
  room.append(said(7, 5, "x"), Unsent::stays);
  room.append(said(7, 6, "x"), Unsent::stays);
  CHECK(room.first() == 3);
  CHECK_FALSE(room.has_way());
  // From elsewhere, where nobody can be made to wait.
  room.append(said(8, 1, "y"));
  CHECK(room.first() == 5);
  room.set_awaited(1, Room::nobody);
  CHECK(room.has_way());
}

TEST_CASE("Room: bytes that somebody was not sent stay, too, and one message always has a way") {
  Room room{"lobby", {.messages_max = 100, .bytes_max = 10'000}, 1};
  room.set_awaited(0, 1);
  room.append(said(7, 1, std::string(20'000, 'x')), Unsent::stays);
  CHECK(room.has_way());
  room.append(said(7, 2, "y"), Unsent::stays);
  CHECK_FALSE(room.has_way());
  room.set_awaited(0, 2);
  CHECK(room.has_way());
  CHECK(room.first() == 2);
}

TEST_CASE("Room: a client that was elsewhere misses what its vector does not cover") {
  Room room{"lobby", {}, 1};
  room.append(said(1, 1, "a1"));
  room.append(said(2, 5, "b5"));
  room.append(said(1, 2, "a2"));
  room.append(said(2, 6, "b6"));
  SUBCASE("all seen") {
    const Room::Missed missed = room.missed({{1, 2}, {2, 6}});
    CHECK(missed.from == 5);
    CHECK(missed.skip.empty());
    CHECK_FALSE(missed.lost);
  }
  SUBCASE("the other log was seen further: those after the first missing one are left out") {
    const Room::Missed missed = room.missed({{1, 2}, {2, 4}});
    CHECK(missed.from == 2);
    CHECK(missed.skip == std::vector<std::uint64_t>{3});
  }
  SUBCASE("a log that it never heard of is missing as a whole") {
    const Room::Missed missed = room.missed({{2, 6}});
    CHECK(missed.from == 1);
    CHECK(missed.skip == std::vector<std::uint64_t>{2, 4});
  }
}

TEST_CASE("Room: what is not kept any more is told as lost to those who miss it") {
  Room room{"lobby", {.messages_max = 2, .bytes_max = 1 << 20}, 1};
  for (std::uint64_t seq = 1; seq <= 5; ++seq)
    room.append(said(7, seq, "x"));
  CHECK_FALSE(room.missed({{7, 3}}).lost);
  CHECK(room.missed({{7, 2}}).lost);
  CHECK(room.missed({{7, 2}}).from == 4);
}

}  // namespace
}  // namespace netkit::relay
