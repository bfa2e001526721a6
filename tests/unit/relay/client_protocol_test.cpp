// The frames between chat and relay, byte by byte, and their JSON.
#include "commands/relay/client_protocol.hpp"

#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <vector>

using namespace netkit;
using namespace netkit::relay;
using namespace std::string_view_literals;
using Kind = Event::Kind;

namespace {

/// The one frame that `bytes` are; `bytes` must live on.
wire::Frame frame_of(std::string& bytes) {
  const auto decoded = wire::FrameDecoder{1024 * 1024}.next(bytes);
  REQUIRE(decoded);
  REQUIRE(decoded->message);
  REQUIRE(decoded->used == bytes.size());
  return *decoded->message;
}

constexpr std::string_view say_body =
    "\x00\x00\x00\x00\x00\x00\x01\x02"
    "\x05lobby"sv;

constexpr std::string_view said_bytes =
    "\xf7NK\x01\x00\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x35"
    "\x3f\x0c\x6d\x2e\x9a\x1b\x4c\x58"
    "\x00\x00\x00\x00\x00\x00\x03\x2c"
    "\x00\x00\x01\xa1\xfc\x5a\x46\x63"
    "\x00\x00\x00\x00\x00\x00\x00\xab"
    "\x00\x00\x00\x00\x00\x00\x00\x07"
    "\x05lobby"
    "\x04"
    "anna"
    "ok"sv;

const Said said{.id = {0x3f0c6d2e9a1b4c58, 812},
                .time_ms = 1'795'235'137'123,
                .sender = 0xab,
                .number = 7,
                .room = "lobby",
                .nick = "anna",
                .to = {},
                .text = "ok"};

Said told() {
  Said direct = said;
  direct.room = {};
  direct.to = "bert";
  return direct;
}

}  // namespace

TEST_CASE("append_say: writes number, room and text") {
  std::string bytes;
  append_say(bytes, {.number = 0x102, .room = "lobby", .to = {}, .text = "h\xc3\xa9llo"});
  CHECK(bytes.size() == 16 + 20);
  CHECK(bytes.substr(16) == "\x00\x00\x00\x00\x00\x00\x01\x02\x05lobbyh\xc3\xa9llo"sv);
  CHECK(bytes.substr(0, 16) == "\xf7NK\x01\x00\x12\x00\x00\x00\x00\x00\x00\x00\x00\x00\x14"sv);
  const auto saying = decode_saying(frame_of(bytes));
  REQUIRE(saying);
  CHECK(saying->number == 0x102);
  CHECK(saying->room == "lobby");
  CHECK(saying->to == "");
  CHECK(saying->text == "h\xc3\xa9llo");
}

TEST_CASE("append_direct: puts whom it is for in the place of the room") {
  std::string bytes;
  append_direct(bytes, {.number = 1, .room = {}, .to = "bert", .text = ""});
  CHECK(bytes ==
        "\xf7NK\x01\x00\x13\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0d"
        "\x00\x00\x00\x00\x00\x00\x00\x01\x04"
        "bert"sv);
  const auto saying = decode_saying(frame_of(bytes));
  REQUIRE(saying);
  CHECK(saying->to == "bert");
  CHECK(saying->room == "");
  CHECK(saying->text == "");
}

TEST_CASE("append_said: writes id, time, sender, number, room, nick, text behind what is there") {
  std::string bytes = "before";
  append_said(bytes, said);
  CHECK(bytes.substr(6) == said_bytes);
}

TEST_CASE("decode_said: reads that") {
  std::string bytes{said_bytes};
  const auto read = decode_said(frame_of(bytes));
  REQUIRE(read);
  CHECK(read->id == said.id);
  CHECK(read->time_ms == said.time_ms);
  CHECK(read->sender == 0xab);
  CHECK(read->number == 7);
  CHECK(read->room == "lobby");
  CHECK(read->nick == "anna");
  CHECK(read->to == "");
  CHECK(read->text == "ok");
}

TEST_CASE("append_said: a direct one is type 22 with its receiver") {
  std::string bytes;
  append_said(bytes, told());
  const wire::Frame frame = frame_of(bytes);
  CHECK(frame.type == 22);
  CHECK(frame.body.substr(40) ==
        "\x04"
        "bert\x04"
        "annaok");
  const auto read = decode_said(frame);
  REQUIRE(read);
  CHECK(read->to == "bert");
  CHECK(read->room == "");
}

TEST_CASE("append_ack: writes the number") {
  std::string bytes;
  append_ack(bytes, 0x0102030405060708);
  CHECK(bytes ==
        "\xf7NK\x01\x00\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08"
        "\x01\x02\x03\x04\x05\x06\x07\x08"sv);
  CHECK(*decode_ack(frame_of(bytes)) == 0x0102030405060708);
}

TEST_CASE("decode: a body cut anywhere before its text is malformed") {
  for (std::size_t size = 0; size < said_bytes.size() - 16 - 2; ++size) {
    const wire::Frame frame{.type = frame_type::said, .body = said_bytes.substr(16, size)};
    CHECK(decode_said(frame).error().code == Errc::malformed);
  }
  for (std::size_t size = 0; size < 14; ++size) {
    const wire::Frame frame{.type = frame_type::say, .body = say_body.substr(0, size)};
    CHECK(decode_saying(frame).error().code == Errc::malformed);
  }
  for (const std::string_view body : {""sv, "1234567"sv, "123456789"sv})
    CHECK_FALSE(decode_ack({.type = frame_type::ack, .body = body}));
}

TEST_CASE("decode: refuses other types, number 0, seq 0, nobody and no room") {
  const std::string zero(8, '\0');
  CHECK_FALSE(decode_saying({.type = frame_type::ack, .body = say_body}));
  CHECK_FALSE(decode_said({.type = frame_type::say, .body = said_bytes.substr(16)}));
  CHECK_FALSE(decode_ack({.type = frame_type::say, .body = zero}));
  CHECK_FALSE(decode_saying({.type = frame_type::say,
                             .body = zero + "\x01"
                                            "atext"}));
  const std::string nobody = std::string(7, '\0') + "\x01" + std::string(1, '\0') + "text";
  CHECK_FALSE(decode_saying({.type = frame_type::direct, .body = nobody}));
  CHECK_FALSE(decode_saying({.type = frame_type::say, .body = nobody}));
  std::string body{said_bytes.substr(16)};
  body.replace(8, 8, zero);
  CHECK_FALSE(decode_said({.type = frame_type::said, .body = body}));
  const std::string no_room = std::string{said_bytes.substr(16, 40)} + std::string(2, '\0');
  CHECK_FALSE(decode_said({.type = frame_type::said, .body = no_room}));
}

TEST_CASE("decode: texts and names must be UTF-8") {
  std::string body{say_body};
  CHECK(decode_saying({.type = frame_type::say, .body = body}));
  CHECK(decode_saying({.type = frame_type::say, .body = body + "\xff"}).error().code ==
        Errc::not_utf8);
  body[9] = '\xc3';
  CHECK(decode_saying({.type = frame_type::say, .body = body}).error().code == Errc::not_utf8);
}

TEST_CASE("append_say: a name beyond 255 bytes is cut between characters") {
  std::string bytes;
  const std::string room = std::string(254, 'a') + "\xc3\xa9";
  append_say(bytes, {.number = 1, .room = room, .to = {}, .text = "x"});
  const auto saying = decode_saying(frame_of(bytes));
  REQUIRE(saying);
  CHECK(saying->room == std::string(254, 'a'));
  CHECK(saying->text == "x");
}

TEST_CASE("json_of: a message is one object with everything of it") {
  CHECK(
      json_of(said) ==
      R"({"event":"message","id":"3f0c6d2e9a1b4c58-812","room":"lobby","nick":"anna","text":"ok",)"
      R"("time":"2026-11-21T04:25:37.123Z","sender":"00000000000000ab","number":7})");
  CHECK(json_of(told()) ==
        R"({"event":"direct","id":"3f0c6d2e9a1b4c58-812","to":"bert","nick":"anna","text":"ok",)"
        R"("time":"2026-11-21T04:25:37.123Z","sender":"00000000000000ab","number":7})");
}

TEST_CASE("json_of: an event has its sentence and what else it is made of") {
  const Event gap{
      .kind = Kind::gap, .time_ms = 1'795'235'137'123, .room = "lobby", .from = 812, .to = 848};
  CHECK(json_of(gap) ==
        R"({"event":"gap","time":"2026-11-21T04:25:37.123Z",)"
        R"j("text":"37 messages skipped (812..848)","room":"lobby","from":812,"to":848})j");
  const Event left{.kind = Kind::parted, .room = "lobby", .nick = "anna", .text = "lunch"};
  CHECK(json_of(left) ==
        R"({"event":"leave","time":"1970-01-01T00:00:00.000Z","text":"anna left: lunch",)"
        R"("room":"lobby","nick":"anna","why":"lunch"})");
}

TEST_CASE("read_event: reads every kind back, with the sentence it had") {
  const std::vector<Event> events{
      {.kind = Kind::joined, .time_ms = 5, .room = "lobby", .nick = "anna"},
      {.kind = Kind::parted, .time_ms = 5, .room = "lobby", .nick = "anna", .text = "a\x1b\\b"},
      {.kind = Kind::renamed, .time_ms = 5, .nick = "anna", .other = "bert"},
      {.kind = Kind::gap, .time_ms = 5, .relay = "west", .from = 3, .to = 9, .count = 7},
      {.kind = Kind::relay_away, .time_ms = 5, .relay = "west", .count = 2},
      {.kind = Kind::relay_back, .time_ms = 5, .relay = "west"},
      {.kind = Kind::notice, .time_ms = 5, .text = "late\n\\again"},
      {.kind = Kind::moderated, .time_ms = 5, .nick = "eve", .other = "anna", .text = "muted"},
  };
  for (const Event& event : events) {
    const std::string json = json_of(event);
    CAPTURE(json);
    std::string kept;
    const auto read = read_event(json, kept);
    REQUIRE(read);
    CHECK(sentence_of(*read) == sentence_of(event));
    CHECK(json_of(*read) == json);
  }
}

TEST_CASE("read_event: refuses what is none") {
  std::string kept;
  for (const char* wrong :
       {"", "[]", "{}", R"({"event":"message","time":"2026-11-21T04:25:37.123Z"})",
        R"({"event":"join"})", R"({"event":"join","time":"now"})",
        R"({"event":"gap","time":"2026-11-21T04:25:37.123Z","from":-1})",
        R"({"event":"gap","time":"2026-11-21T04:25:37.123Z","from":"1"})",
        R"({"event":"join","time":"2026-11-21T04:25:37.123Z","nick":7})",
        R"({"event":["join"],"time":"2026-11-21T04:25:37.123Z"})"})
    CHECK_FALSE(read_event(wrong, kept));
}
