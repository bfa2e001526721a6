// Sentences, ids and times as people and scripts see them.
#include "commands/relay/said.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace netkit;
using namespace netkit::relay;
using Kind = Event::Kind;

TEST_CASE("sentence_of: says what happened in one line") {
  CHECK(sentence_of({.kind = Kind::joined, .nick = "anna"}) == "anna came");
  CHECK(sentence_of({.kind = Kind::parted, .nick = "anna"}) == "anna left");
  CHECK(sentence_of({.kind = Kind::parted, .nick = "anna", .text = "lunch\nnow"}) ==
        "anna left: lunch / now");
  CHECK(sentence_of({.kind = Kind::renamed, .nick = "guest-1", .other = "bert"}) ==
        "guest-1 is now called bert");
  CHECK(sentence_of({.kind = Kind::gap, .from = 812, .to = 848}) ==
        "37 messages skipped (812..848)");
  CHECK(sentence_of({.kind = Kind::gap, .from = 5, .to = 5}) == "1 message skipped (5..5)");
  CHECK(sentence_of({.kind = Kind::gap, .relay = "west", .from = 1, .to = 2}) ==
        "2 messages of relay west skipped (1..2); /history west:1..2 asks for them");
  CHECK(sentence_of({.kind = Kind::gap, .room = "lobby"}) ==
        "messages were skipped that are not kept any more");
  CHECK(sentence_of({.kind = Kind::relay_away, .relay = "west", .count = 3}) ==
        "relay west is away, and 3 people with it");
  CHECK(sentence_of({.kind = Kind::relay_away, .relay = "west", .count = 1}) ==
        "relay west is away, and 1 person with it");
  CHECK(sentence_of({.kind = Kind::relay_away, .relay = "west"}) == "relay west is away");
  CHECK(sentence_of({.kind = Kind::relay_back, .relay = "west"}) == "relay west is back");
  CHECK(sentence_of({.kind = Kind::notice, .text = "it is late"}) == "it is late");
  CHECK(sentence_of({.kind = Kind::moderated,
                     .nick = "eve",
                     .other = "anna",
                     .text = "muted for 10m, shouting"}) ==
        "eve: muted for 10m, shouting (by anna)");
}

TEST_CASE("sentence_of: a range that is none counts as one") {
  CHECK(sentence_of({.kind = Kind::gap, .from = 9, .to = 2}) == "1 message skipped (9..2)");
}

TEST_CASE("RecordId: is written and read as log and number") {
  const RecordId id{0x3f0c6d2e9a1b4c58, 812};
  CHECK(to_text(id) == "3f0c6d2e9a1b4c58-812");
  CHECK(read_record_id("3f0c6d2e9a1b4c58-812") == id);
  CHECK(read_record_id("0000000000000001-18446744073709551615") ==
        RecordId{1, 18'446'744'073'709'551'615u});
  for (const char* wrong : {"", "-", "3f0c6d2e9a1b4c58", "3f0c6d2e9a1b4c58-", "3f0c6d2e9a1b4c58-0",
                            "3f0c6d2e9a1b4c58-1x", "3f0c6d2e9a1b4c5-1", "3f0c6d2e9a1b4c58-+1",
                            "3f0c6d2e9a1b4c58-18446744073709551616", " 3f0c6d2e9a1b4c58-1"})
    CHECK_FALSE(read_record_id(wrong));
}

TEST_CASE("read_hex16: takes 16 digits alone") {
  CHECK(to_hex16(0xab) == "00000000000000ab");
  CHECK(read_hex16("00000000000000AB") == 0xab);
  for (const char* wrong :
       {"", "ab", "00000000000000abc", "000000000000000000ab", "00000000000000g0"})
    CHECK_FALSE(read_hex16(wrong));
}

TEST_CASE("time_text: is RFC 3339 in UTC with milliseconds") {
  CHECK(time_text(0) == "1970-01-01T00:00:00.000Z");
  CHECK(time_text(1'795'235'137'123) == "2026-11-21T04:25:37.123Z");
  CHECK(time_text(UINT64_MAX) == "2262-04-11T23:47:16.000Z");
  CHECK(read_time("2026-11-21T04:25:37.123Z") == 1'795'235'137'123);
  CHECK(read_time("2262-04-11T23:47:16.000Z") == 9'223'372'036'000);
}

TEST_CASE("read_time: takes that shape and valid days alone") {
  for (const char* wrong :
       {"", "2026-11-21", "2026-11-21T04:25:37Z", "2026-11-21 04:25:37.123Z",
        "2026-02-30T04:25:37.123Z", "2026-11-21T24:00:00.000Z", "2026-11-21T04:60:37.123Z",
        "1969-12-31T23:59:59.999Z", "2026-11-21T04:25:37.123z", "2026-11-2+T04:25:37.123Z"})
    CHECK_FALSE(read_time(wrong));
}
