// Tests of what Tab offers at each place of a command line.
#include "cli/complete.hpp"

#include <algorithm>
#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"
#include "unit/cli/small_table.hpp"

using namespace netkit;
using namespace netkit::cli;
using support::put_bytes;
using support::TemporaryFolder;
using tests::table;

namespace {

using Words = std::vector<std::string>;

/// A home with a known_hosts file.
struct Home {
  TemporaryFolder folder;
  config::Environment environment{{"XDG_STATE_HOME", folder.path()}};

  Home() {
    std::filesystem::create_directory(folder / "netkit");
    put_bytes(folder / "netkit/known_hosts",
              "# comment:1 x\nzeta.example:9093 SHA256:00\n\n[fd00::1]:9095\tSHA256:00 # x\n");
  }
  Words offered(const Words& words) const {
    Words texts;
    for (const Candidate& each : candidates(table, words, environment))
      texts.push_back(each.text);
    return texts;
  }
};

bool has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("candidates: commands first, then verbs, those that begin as typed") {
  const Home home;
  CHECK(home.offered({}).empty());
  CHECK(home.offered({""}) == Words{"paint", "say", "either", "steer"});
  CHECK(home.offered({"p"}) == Words{"paint"});
  CHECK(home.offered({"paint", ""}) == Words{"draw", "erase"});
  CHECK(home.offered({"paint", "e"}) == Words{"erase"});
  CHECK(home.offered({"xyzzy", ""}).empty());
  CHECK(home.offered({"--json", "paint", "-v", "d"}) == Words{"draw"});
  CHECK(candidates(table, {"s"}, {}).front().description == "Say a word");
}

TEST_CASE("candidates: verbs right behind a command that may do without one") {
  const Home home;
  CHECK(home.offered({"steer", ""}) == Words{"check"});
  CHECK(home.offered({"steer", "--fast", ""}).empty());
  CHECK(has(home.offered({"steer", "--"}), "--fast"));
  CHECK_FALSE(has(home.offered({"steer", "--"}), "check"));
}

TEST_CASE("candidates: options of the verb and the global ones") {
  const Home home;
  const Words shown = home.offered({"paint", "draw", "--"});
  for (const std::string_view name : {"--shape", "--width", "--ink", "--fill", "--json", "--help"})
    CHECK_MESSAGE(has(shown, name), name);
  CHECK_FALSE(has(shown, "--PLACE"));
  CHECK(home.offered({"paint", "draw", "--wi"}) == Words{"--width"});
  CHECK(has(home.offered({"--"}), "--version"));
  CHECK(has(home.offered({"paint", "--"}), "--json"));
  CHECK_FALSE(has(home.offered({"paint", "--"}), "--list"));
}

TEST_CASE("candidates: choices of an option, behind a space, a letter or '='") {
  const Home home;
  CHECK(home.offered({"paint", "draw", "--shape", ""}) == Words{"round", "square"});
  CHECK(home.offered({"paint", "draw", "-s", "s"}) == Words{"square"});
  CHECK(home.offered({"paint", "draw", "--shape=r"}) == Words{"--shape=round"});
  CHECK(home.offered({"paint", "draw", "--log-level", "w"}) == Words{"warn"});
  CHECK(home.offered({"paint", "draw", "--width", ""}).empty());
  CHECK(home.offered({"paint", "draw", "--nothing=x"}).empty());
}

TEST_CASE("candidates: files and folders are left to the shell") {
  const Home home;
  CHECK(home.offered({"paint", "draw", "--out", "/t"}) == Words{":directories"});
  CHECK(home.offered({"paint", "draw", "--config="}) == Words{":files"});
  CHECK(home.offered({"paint", "draw", "here", ""}) == Words{":files"});
  CHECK(home.offered({"paint", "draw", "--width", "3", "here", "a", "--fill", "b"}) ==
        Words{":files"});
}

TEST_CASE("candidates: endpoints are known hosts, with the scheme typed so far") {
  const Home home;
  CHECK(home.offered({"paint", "draw", "zet"}) == Words{"zeta.example:9093"});
  CHECK(home.offered({"paint", "draw", "ws://zet"}) == Words{"ws://zeta.example:9093"});
  CHECK(has(home.offered({"paint", "draw", "w"}), "wss://"));
  CHECK(home.offered({"paint", "draw", "un"}) == Words{"unix:"});
  const Words all = home.offered({"paint", "draw", ""});
  CHECK(has(all, "zeta.example:9093"));
  CHECK(has(all, "[fd00::1]:9095"));
  CHECK_FALSE(has(all, "#"));
  CHECK_FALSE(has(all, "comment:1"));
}

TEST_CASE("candidates: none beyond the last argument, nor when files are missing") {
  const Home home;
  CHECK(home.offered({"say", "word", ""}).empty());
  CHECK(home.offered({"say", ""}).empty());
  CHECK(candidates(table, {"paint", "draw", "zet"}, {}).empty());
}

TEST_CASE("candidates: endpoints that another command knows of") {
  std::vector<Command> commands{table.begin(), table.end()};
  commands.push_back(
      {.name = "find", .summary = "Find servers", .verbs = {}, .endpoints = [](const Typed&) {
         return Words{"tcp://192.0.2.1:2002"};
       }});
  const auto offered = candidates(commands, {"paint", "draw", "tcp://192"}, {});
  REQUIRE(offered.size() == 1);
  CHECK(offered.front().text == "tcp://192.0.2.1:2002");
  CHECK(offered.front().description == "announced itself");
  CHECK(candidates(commands, {"paint", "draw", "tcp"}, {}).size() == 2);
  CHECK(candidates(commands, {"paint", "draw", "--width", ""}, {}).empty());

  commands.back().endpoints = [](const Typed&) -> Words { throw "asked in vain"; };
  for (const char* const typed : {"xhost", "tcp://xhost", "x1"})
    CHECK(candidates(commands, {"paint", "draw", typed}, {}).empty());
}
