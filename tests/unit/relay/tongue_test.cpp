// Tests of how each dialect words what a client is told: the bytes, one by one.
#include "commands/relay/tongue.hpp"

#include <doctest/doctest.h>
#include <string>

using netkit::relay::as_line;
using netkit::relay::Event;
using netkit::relay::Lane;
using netkit::relay::Said;
using netkit::relay::tongue_of;
using netkit::relay::words_of_answer;
using namespace std::literals;

namespace {

Said a_message() {
  Said said;
  said.id = {0x3f0c6d2e9a1b4c58, 812};
  said.time_ms = 1'795'275'000'123;
  said.sender = 0xa1;
  said.number = 7;
  said.room = "lobby";
  said.nick = "anna";
  said.text = "hello";
  return said;
}

Said a_direct_one() {
  Said said = a_message();
  said.room = {};
  said.to = "ben@south";
  return said;
}

Event a_notice() {
  Event event;
  event.kind = Event::Kind::notice;
  event.time_ms = 1'795'275'000'123;
  event.text = "it rains";
  return event;
}

template <typename What>
std::string in(Lane lane, const What& what) {
  std::string out = "before ";
  tongue_of(lane).append(out, what);
  REQUIRE(out.starts_with("before "));
  return out.substr(7);
}

std::string answered(Lane lane, std::string_view json) {
  std::string out;
  tongue_of(lane).append_answer(out, 5, json);
  return out;
}

}  // namespace

TEST_CASE("tongue: a line is the nick and the text, a direct message names both ends") {
  CHECK(in(Lane::line, a_message()) == "anna: hello\n");
  CHECK(in(Lane::line, a_direct_one()) == "anna -> ben@south: hello\n");
}

TEST_CASE("tongue: a text cannot forge a line or drive a terminal") {
  Said said = a_message();
  said.text = "one\ntwo\r\nthree\x1b[2J\a\tC:\\x \xc3\xa9 \xe2\x80\xae\x7f";
  CHECK(in(Lane::line, said) ==
        "anna: one / two / three\\x1b[2J\\x07\\tC:\\x \xc3\xa9 \\xe2\\x80\\xae\\x7f\n");
}

TEST_CASE("tongue: len64 gets the bare text") {
  Said said = a_message();
  CHECK(in(Lane::len64, said) == "hello");
  said.text = "two\nlines";
  CHECK(in(Lane::len64, said) == "two\nlines");
  CHECK(in(Lane::len64, a_direct_one()) == "anna -> ben@south: hello");
}

TEST_CASE("tongue: a frame has the message's fields one after the other") {
  const std::string frame = in(Lane::frame, a_message());
  CHECK(frame ==
        "\xf7NK\x01\x00\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x38"
        "\x3f\x0c\x6d\x2e\x9a\x1b\x4c\x58\x00\x00\x00\x00\x00\x00\x03\x2c"
        "\x00\x00\x01\xa1\xfe\xba\x89\x3b\x00\x00\x00\x00\x00\x00\x00\xa1"
        "\x00\x00\x00\x00\x00\x00\x00\x07\x05lobby\x04"
        "annahello"s);
}

TEST_CASE("tongue: web gets one JSON text message for each") {
  const std::string message = in(Lane::web, a_message());
  REQUIRE(message.size() > 4);
  CHECK(message.substr(0, 2) == "\x81\x7e");
  const std::string json = message.substr(4);
  CHECK(static_cast<unsigned char>(message[2]) * 256u + static_cast<unsigned char>(message[3]) ==
        json.size());
  CHECK(json == R"({"event":"message","id":"3f0c6d2e9a1b4c58-812","room":"lobby","nick":"anna",)"
                R"("text":"hello","time":"2026-11-21T15:30:00.123Z","sender":"00000000000000a1",)"
                R"("number":7})");
}

TEST_CASE("tongue: text dialects are told of notices, not of who comes and goes") {
  CHECK(in(Lane::line, a_notice()) == "* it rains\n");
  CHECK(in(Lane::len64, a_notice()) == "* it rains");
  Event event = a_notice();
  event.text = "two\nlines";
  CHECK(in(Lane::line, event) == "* two / lines\n");
  for (const auto kind : {Event::Kind::joined, Event::Kind::parted, Event::Kind::renamed}) {
    event.kind = kind;
    event.nick = "anna";
    event.room = "lobby";
    CHECK(in(Lane::line, event).empty());
    CHECK(in(Lane::len64, event).empty());
    CHECK_FALSE(in(Lane::web, event).empty());
    CHECK_FALSE(in(Lane::frame, event).empty());
  }
}

TEST_CASE("tongue: a gap is told everywhere") {
  Event event;
  event.kind = Event::Kind::gap;
  event.room = "lobby";
  event.from = 812;
  event.to = 848;
  event.count = 37;
  CHECK(in(Lane::line, event).find("37 messages skipped (812..848)") != std::string::npos);
  CHECK(in(Lane::line, event).starts_with("* "));
  CHECK(in(Lane::len64, event).find("37 messages skipped (812..848)") != std::string::npos);
  CHECK(in(Lane::web, event).find(R"("event":"gap")") != std::string::npos);
}

TEST_CASE("tongue: only those who number their messages get acknowledgements") {
  std::string out;
  tongue_of(Lane::line).append_ack(out, 9);
  tongue_of(Lane::len64).append_ack(out, 9);
  CHECK(out.empty());
  tongue_of(Lane::web).append_ack(out, 9);
  CHECK(out == "\x81\x1a{\"event\":\"ack\",\"number\":9}");
  out.clear();
  tongue_of(Lane::frame).append_ack(out, 9);
  CHECK(out ==
        "\xf7NK\x01\x00\x14\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08"
        "\x00\x00\x00\x00\x00\x00\x00\x09"s);
}

TEST_CASE("tongue: an answer has the number of its request") {
  CHECK(answered(Lane::frame, R"({"ok":true})") ==
        "\xf7NK\x01\x00\x11\x00\x00\x00\x00\x00\x05\x00\x00\x00\x0b{\"ok\":true}"s);
  CHECK(answered(Lane::web, R"({"ok":true})") == "\x81\x12{\"id\":5,\"ok\":true}");
  CHECK(answered(Lane::web, R"({"id":5,"ok":true})") == "\x81\x12{\"id\":5,\"ok\":true}");
  CHECK(answered(Lane::web, "{}") == "\x81\x08{\"id\":5}");
  CHECK(answered(Lane::line, R"({"ok":true,"nick":"ben"})") == "* you are ben\n");
  CHECK(answered(Lane::len64, R"({"ok":true,"nick":"ben"})") == "* you are ben");
}

TEST_CASE("words_of_answer: who, rooms, history and the rest as lines") {
  CHECK(words_of_answer(
            R"({"ok":true,"people":[{"nick":"anna","relay":"north","rooms":["dev","lobby"],)"
            R"("since":"2026-11-21T15:30:00.123Z","away":false},)"
            R"({"nick":"ben","relay":"south","rooms":[],"away":true}]})") ==
        "* 2 people:\n"
        "* anna at north in dev, lobby since 2026-11-21T15:30:00.123Z\n"
        "* ben at south, away\n");
  CHECK(words_of_answer(R"({"ok":true,"rooms":[{"room":"lobby","people":1}]})") ==
        "* 1 room:\n* lobby: 1 person\n");
  CHECK(words_of_answer(R"({"ok":true,"messages":[{"nick":"anna","text":"a\nb"}],"missing":37})") ==
        "* 37 messages are no longer kept here\nanna: a / b\n");
  CHECK(words_of_answer(
            R"({"ok":true,"relay":"west","messages":[{"nick":"anna","text":"a"},)"
            R"({"nick":"anna","to":"ben","text":"b"}],"missing":1,"rest":"west:5..7"})") ==
        "* 1 message is kept nowhere in reach\nanna: a\nanna -> ben: b\n"
        "* there is more: /history west:5..7\n");
  CHECK(words_of_answer(R"({"ok":true,"place":{"room":"dev","first":1,"last":0}})") ==
        "* you are in dev\n");
  CHECK(words_of_answer(R"({"ok":true,"room":"dev"})") == "* you left dev\n");
  CHECK(words_of_answer(R"({"ok":true,"nick":"anna","rooms":[{"room":"lobby"}]})") ==
        "* you are anna in lobby\n");
  CHECK(words_of_answer(R"({"ok":true,"help":"/who\n/quit\n"})") == "* /who\n* /quit\n");
  CHECK(words_of_answer(R"({"ok":true})") == "* done\n");
}

TEST_CASE("words_of_answer: a failure is one line, whatever is in it") {
  CHECK(words_of_answer(R"({"ok":false,"error":"cannot kick ben: refused"})") ==
        "* cannot kick ben: refused\n");
  CHECK(words_of_answer(R"({"ok":false,"error":"a\nb\u001b"})") == "* a / b\\x1b\n");
  CHECK(words_of_answer(R"({"ok":false})") == "* that was refused\n");
  CHECK(words_of_answer("nonsense") == "* the answer cannot be shown\n");
  CHECK(words_of_answer(R"({"help":7})") == "* done\n");
}

TEST_CASE("as_line: joiners of words and emoji stay, stray bytes do not") {
  CHECK(as_line("") == "");
  CHECK(as_line("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb") ==
        "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb");
  CHECK(as_line("a\r\n\nb\r") == "a /  / b\\x0d");
  CHECK(as_line("\xff\\") == "\\xff\\");
}
