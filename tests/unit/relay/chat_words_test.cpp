// What chat's terminal shows and reads: messages, lists, completions, the text of a pipe.
#include "commands/relay/chat_words.hpp"

#include <cstdlib>
#include <ctime>
#include <doctest/doctest.h>
#include <string>
#include <vector>

#include "commands/relay/chat_pipe.hpp"

using namespace netkit;
using namespace netkit::relay;
using Lines = std::vector<std::string>;

namespace {

Said line(std::string_view text) {
  Said said;
  said.time_ms = 1'795'235'137'123;
  said.room = "lobby";
  said.nick = "anna";
  said.text = text;
  return said;
}

void use_utc() {
  setenv("TZ", "UTC", 1);
  tzset();
}

}  // namespace

TEST_CASE("message_lines: time, nick, text; more lines below") {
  use_utc();
  CHECK(message_lines(line("hi"), false, {}) == Lines{"04:25 anna: hi"});
  CHECK(message_lines(line("a\nb\x1b"), false, {}) == Lines{"04:25 anna: a", "      b\\x1b"});
  CHECK(message_lines(line("hi"), false, {.rooms = true}) == Lines{"04:25 [lobby] anna: hi"});
  Said direct = line("psst");
  direct.room = {};
  direct.to = "bert";
  CHECK(message_lines(direct, false, {}) == Lines{"04:25 anna -> bert: psst"});
  CHECK(message_lines(line(std::string(100'000, '\n')), false, {}).size() == 200);
}

TEST_CASE("message_lines: a nick has its colour, the own one stands out") {
  use_utc();
  const Lines bert = message_lines(line("hi"), false, {.colour = true});
  CHECK(bert == message_lines(line("hi"), false, {.colour = true}));
  CHECK(bert[0].starts_with("\x1b[2m04:25\x1b[0m \x1b["));
  CHECK(message_lines(line("hi"), true, {.colour = true})[0] ==
        "\x1b[2m04:25\x1b[0m \x1b[1manna\x1b[0m: hi");
}

TEST_CASE("notice_line, people_lines, room_lines, history_lines: a line each") {
  use_utc();
  CHECK(notice_line(1'795'235'137'123, "bert came", {}) == "04:25 * bert came");
  const auto people = wire::Json::parse(
      R"({"people":[{"nick":"anna","relay":"west","rooms":["lobby","x"],"away":true},{}]})");
  CHECK(people_lines(*people, {}) == Lines{"  anna  at west, in lobby, x (away)", "    at "});
  const auto rooms = wire::Json::parse(R"({"rooms":[{"room":"lobby","people":2}]})");
  CHECK(room_lines(*rooms) == Lines{"  lobby  2"});
  const auto nothing = wire::Json::parse("{}");
  CHECK(people_lines(*nothing, {}) == Lines{"  nobody"});
  CHECK(room_lines(*nothing) == Lines{"  no room with anybody in it"});
  CHECK(history_lines(*nothing, {}) == Lines{"  nothing was said here"});
  const auto history =
      wire::Json::parse(R"({"missing":3,"messages":[{"room":"lobby","nick":"anna","text":"hi",)"
                        R"("time":"2026-11-21T04:25:37.123Z"}]})");
  CHECK(history_lines(*history, {}) == Lines{"  3 are not kept any more", "04:25 anna: hi"});
  const auto more = wire::Json::parse(
      R"({"relay":"west","rest":"west:5..7","messages":[{"to":"ben","nick":"anna","text":"hi",)"
      R"("time":"2026-11-21T04:25:37.123Z"}]})");
  CHECK(history_lines(*more, {}) ==
        Lines{"04:25 anna -> ben: hi", "  there is more: /history west:5..7"});
}

TEST_CASE("completions: commands, then nicks or rooms") {
  const std::set<std::string> nicks{"anna", "anton", "bert"};
  const std::set<std::string> rooms{"lobby", "kitchen"};
  CHECK(completions("/wh", nicks, rooms) == Lines{"/who"});
  CHECK(completions("an", nicks, rooms) == Lines{"anna: ", "anton: "});
  CHECK(completions("hello be", nicks, rooms) == Lines{"bert "});
  CHECK(completions("/join k", nicks, rooms) == Lines{"kitchen"});
  CHECK(completions("/msg ", nicks, rooms).size() == 3);
  CHECK(completions("", nicks, rooms).empty());
  CHECK(completions("hello ", nicks, rooms).empty());
}

TEST_CASE("as_utf8: stray bytes are replaced one by one") {
  CHECK(as_utf8("na\xc3\xafve") == "na\xc3\xafve");
  CHECK(as_utf8("a\xff\xc3"
                "b") ==
        "a\xef\xbf\xbd\xef\xbf\xbd"
        "b");
}
