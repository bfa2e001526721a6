// What is typed into a peer, and what it shows.
#include "commands/presence/peer_words.hpp"

#include <cstdlib>
#include <ctime>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace netkit;
using namespace netkit::presence;
using What = PeerRequest::What;
using Lines = std::vector<std::string>;

namespace {

const Lines names{"ana", "ana (2)",
                  "Ana Mar\xc3\xad"
                  "a",
                  "bert"};

PeerRequest read(std::string_view line) {
  const auto request = read_request(line, names);
  REQUIRE(request);
  return *request;
}

Entry entry(State state, std::uint16_t number = 0) {
  Entry entry;
  entry.said.name = "ana";
  entry.number = number;
  entry.state = state;
  return entry;
}

Heard heard(std::string text) {
  return {.name = "ana",
          .key = std::string(32, 'a'),
          .time_ms = 1'795'235'137'123,
          .text = std::move(text)};
}

void use_utc() {
  setenv("TZ", "UTC", 1);
  tzset();
}

}  // namespace

TEST_CASE("read_request: text, commands, and nothing at all") {
  CHECK(read("").what == What::nothing);
  CHECK(read("   ").what == What::nothing);
  CHECK(read(" hello /you") == PeerRequest{What::say, "", " hello /you"});
  CHECK(read("/list").what == What::list);
  CHECK(read("/list ").what == What::list);
  CHECK(read("/away").what == What::away);
  CHECK(read("/back").what == What::back);
  CHECK(read("/help").what == What::help);
  CHECK(read("/quit").what == What::quit);
  CHECK(read("/why bert") == PeerRequest{What::why, "bert", ""});
}

TEST_CASE("read_request: a name is the longest that is known, one in quotes, or a word") {
  CHECK(read("/msg ana hi") == PeerRequest{What::message, "ana", "hi"});
  CHECK(read("/msg ana (2) hi") == PeerRequest{What::message, "ana (2)", "hi"});
  CHECK(read("/msg ana (2)x hi") == PeerRequest{What::message, "ana", "(2)x hi"});
  CHECK(read("/msg \"ana\" (2) hi") == PeerRequest{What::message, "ana", "(2) hi"});
  CHECK(read("/msg  \"no one\"  hi  there ") == PeerRequest{What::message, "no one", "hi  there"});
  CHECK(read("/msg anabel hi") == PeerRequest{What::message, "anabel", "hi"});
  CHECK(read("/why ana (2)") == PeerRequest{What::why, "ana (2)", ""});
}

TEST_CASE("read_request: what is wrong says what would be right") {
  const auto hint = [](std::string_view line) {
    const auto request = read_request(line, names);
    REQUIRE_FALSE(request);
    CHECK(request.error().code == Errc::usage);
    return request.error().hint.str();
  };
  CHECK(hint("/lst") == "did you mean '/list'?");
  CHECK(hint("/frobnicate") == "/help lists commands");
  CHECK(hint("/msg") == "expected /msg NAME TEXT");
  CHECK(hint("/msg ana") == "expected /msg NAME TEXT");
  CHECK(hint("/msg \"\" hi") == "expected /msg NAME TEXT");
  CHECK(hint("/why") == "expected /why NAME");
  CHECK(hint("/why bert now") == "expected /why NAME");
  CHECK(hint("/quit now") == "/quit stands alone");
}

TEST_CASE("completions: commands, then what is left of names") {
  CHECK(presence::completions("/", names).size() == 7);
  CHECK(presence::completions("/m", names) == Lines{"/msg "});
  CHECK(presence::completions("/l", names) == Lines{"/list"});
  CHECK(presence::completions("/msg b", names) == Lines{"bert "});
  CHECK(presence::completions("/msg ana", names) == Lines{"ana ", "ana (2) "});
  CHECK(presence::completions("/msg ana (", names) == Lines{"(2) "});
  CHECK(presence::completions("/why Ana M", names) == Lines{"Mar\xc3\xad"
                                                            "a"});
  CHECK(presence::completions("/list ", names).empty());
  CHECK(presence::completions("hello a", names).empty());
}

TEST_CASE("sentence_of: says who comes and goes, and nothing of suspicions") {
  CHECK(sentence_of(entry(State::online), std::nullopt) == "ana is here");
  CHECK(sentence_of(entry(State::online, 2), State::offline) == "ana (2) is here");
  CHECK(sentence_of(entry(State::online), State::suspect).empty());
  CHECK(sentence_of(entry(State::online), State::online).empty());
  CHECK(sentence_of(entry(State::suspect), State::online).empty());
  CHECK(sentence_of(entry(State::away), State::online) == "ana is away");
  CHECK(sentence_of(entry(State::online), State::away) == "ana is back");
  CHECK(sentence_of(entry(State::offline), State::suspect) == "ana is offline");
  CHECK(sentence_of(entry(State::offline), std::nullopt).empty());
  CHECK(sentence_of(entry(State::left), State::online) == "ana has left");
  CHECK(sentence_of(entry(State::left), State::offline).empty());
}

TEST_CASE("message_lines: time, name, text; more lines below; nothing drives the terminal") {
  use_utc();
  CHECK(message_lines(heard("hi\nthere"), false) == Lines{"04:25 ana: hi", "      there"});
  CHECK(message_lines(heard("\x1b[2J"), false) == Lines{"04:25 ana: \\x1b[2J"});
  CHECK(message_lines(heard("hi"), true).front().find("\x1b[2m04:25") == 0);
  CHECK(own_message_lines("bert", "ana (2)", 1'795'235'137'123, "hi", false) ==
        Lines{"04:25 bert -> ana (2): hi"});
  CHECK(notice_line(1'795'235'137'123, "ana is here", false) == "04:25 * ana is here");
}

TEST_CASE("message_line, message_object: one line for a pipe") {
  CHECK(message_line(heard("hi\nthere \x07")) == "ana: hi / there \\x07");
  CHECK(message_object(heard("hi\n")).str() ==
        R"({"event":"message","name":"ana","key":")"
        "6161616161616161616161616161616161616161616161616161616161616161"
        R"(","time":"2026-11-21T04:25:37.123Z","text":"hi\n"})");
}

TEST_CASE("file_line, file_object: name sender, file and size on one line") {
  HeardFile came;
  came.name = "ana";
  came.key = std::string(32, '\x01');
  came.file = "a.txt";
  came.path = "in/a.txt";
  came.size = 4711;
  CHECK(file_line(came) == "ana sent a.txt (4711 bytes)");
  CHECK(file_object(came).str() ==
        R"({"event":"file","from":"ana","key":")"
        "0101010101010101010101010101010101010101010101010101010101010101"
        R"(","path":"in/a.txt","size":4711})");
  came.size = 1;
  came.file = "a\nb";
  CHECK(file_line(came).find('\n') == std::string::npos);
  CHECK(file_line(came).ends_with(" (1 byte)"));
}
