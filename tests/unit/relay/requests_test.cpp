// Requests as JSON and as lines, names of rooms and people, and the bucket of a flood.
#include "commands/relay/requests.hpp"

#include <doctest/doctest.h>

#include "base/flood.hpp"
#include "wire/json.hpp"

namespace netkit::relay {
namespace {

Result<Request> read(std::string_view json) {
  return read_request(*wire::Json::parse(json));
}

TEST_CASE("read_request: an enter with everything") {
  const std::string secret(64, 'a');
  const Result<Request> request =
      read(R"({"do":"enter","nick":"anna","secret":")" + secret +
           R"(","rooms":[{"room":"Kitchen","history":5},{"room":"lobby"}],)"
           R"("seen":{"000000000000000a":7},"events":true})");
  REQUIRE(request);
  CHECK(request->what == Ask::enter);
  CHECK(request->nick == "anna");
  CHECK(request->secret.size() == 32);
  REQUIRE(request->rooms.size() == 2);
  CHECK(request->rooms[0].room == "kitchen");
  CHECK(request->rooms[0].history == 5);
  CHECK(request->seen == Vector{{10, 7}});
  CHECK(request->events);
}

TEST_CASE("read_request: refuses what makes no sense") {
  for (const char* const json :
       {R"({})", R"({"do":"dance"})", R"({"do":"quit"})", R"({"do":"enter","secret":"ab"})",
        R"({"do":"enter","seen":[]})", R"({"do":"enter","seen":{"x":1}})",
        R"({"do":"enter","rooms":[{"room":""}]})", R"({"do":"enter","rooms":[{"room":"a b"}]})",
        R"({"do":"history","relay":"west"})", R"({"do":"history","relay":"west","from":5,"to":3})",
        R"({"do":"history","from":-1})", R"({"do":"join","room":5})",
        R"({"do":"enter","events":"yes"})", R"({"do":"mute","nick":"x","for":99999999999})"}) {
    CAPTURE(json);
    CHECK_FALSE(read(json));
  }
}

TEST_CASE("read_command: what people write after a slash") {
  CHECK(read_command("/join Kitchen 20")->room == "kitchen");
  CHECK(read_command("/join Kitchen 20")->history == 20);
  CHECK(read_command("/msg bert  hello there ")->nick == "bert");
  CHECK(read_command("/msg bert  hello there ")->text == "hello there");
  CHECK(read_command("//etc/passwd")->what == Ask::say);
  CHECK(read_command("//etc/passwd")->text == "/etc/passwd");
  CHECK(read_command("/history 812..848")->from == 812);
  CHECK(read_command("/history 812..848")->to == 848);
  CHECK(read_command("/history 812..848")->relay.empty());
  CHECK(read_command("/history west:812..848")->relay == "west");
  CHECK(read_command("/history west:812..848")->from == 812);
  CHECK(read_command("/history west:812..848")->to == 848);
  CHECK(read_command("/history 5")->history == 5);
  CHECK(read_command("/history")->history == 20);
  CHECK(read_command("/WHO")->what == Ask::who);
  CHECK(read_command("/mute bert 10m loud")->for_s == 600);
  CHECK(read_command("/mute bert 10m loud")->text == "loud");
  CHECK(read_command("/kick bert go away")->text == "go away");
  CHECK(read_command("/quit")->what == Ask::quit);
  for (const char* const line :
       {"/", "/dance", "/enter", "/join", "/msg bert", "/nick", "/history x", "/history 5..3",
        "/history west:5", "/history west:5..3", "/history :1..2",
        "/history west:1..18446744073709551615", "/history west:", "/mute bert soon", "/kick"}) {
    CAPTURE(line);
    CHECK_FALSE(read_command(line));
  }
}

TEST_CASE("normal_room: one form, no surprises") {
  CHECK(*normal_room("#Lobby") == "lobby");
  CHECK(*normal_room("küche-2") == "küche-2");
  for (const char* const name :
       {"", " ", "a b", "a/b", "a@b", "a:b", "\x01", "\xff", "a23456789012345678901234567890123"}) {
    CAPTURE(name);
    CHECK_FALSE(normal_room(name));
  }
}

TEST_CASE("normal_nick: nothing that could pass for somebody at another relay") {
  CHECK(*normal_nick("anna") == "anna");
  for (const char* const name : {"", "anna@b", "a/b", "a b", "x:y", "a\nb"}) {
    CAPTURE(name);
    CHECK_FALSE(normal_nick(name));
  }
}

TEST_CASE("Flood: a burst at once, then as fast as the rate") {
  using namespace std::chrono_literals;
  Flood flood{10, 5};
  for (int i = 0; i < 5; ++i) {
    CHECK(flood.wait(0s) == 0ns);
    flood.take(0s);
  }
  flood.take(0s);
  CHECK(flood.wait(0s) > 90ms);
  CHECK(flood.wait(0s) <= 101ms);
  CHECK(flood.wait(101ms) == 0ns);
  // A rest fills it to the burst and no more.
  for (int i = 0; i < 5; ++i)
    flood.take(100s);
  CHECK(flood.wait(100s) == 0ns);
  flood.take(100s);
  CHECK(flood.wait(100s) > 0ns);
  Flood none{0, 0};
  for (int i = 0; i < 1000; ++i)
    none.take(0s);
  CHECK(none.wait(0s) == 0ns);
}

}  // namespace
}  // namespace netkit::relay
