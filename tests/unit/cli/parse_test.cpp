// Tests of the words behind a command: options, flags, letters, arguments, and what is refused.
#include "cli/parse.hpp"

#include <doctest/doctest.h>

#include "cli/globals.hpp"

using namespace netkit;
using namespace netkit::cli;

namespace {

using Words = std::vector<std::string>;

/// Options of every kind.
struct Declared {
  std::vector<std::string> listen;
  std::uint64_t count = 4;
  double rate = 1;
  bool fill = false;
  std::optional<std::string> place;
  std::vector<std::string> rest;
  Globals globals;
  Options options;

  Declared() {
    options.positional("PLACE", place, "");
    options.positionals("WORD", rest, "");
    options.values("listen", listen, "ENDPOINT", "");
    options.value("count", count, "N", "").with_letter('c');
    options.value("rate", rate, "N", "");
    options.flag("fill", fill, "").with_letter('f');
    declare_globals(options, globals);
  }
};

config::Options parsed(const Words& words) {
  const Declared declared;
  auto given = parse_words(declared.options, words);
  INFO((given ? "" : given.error().message()));
  REQUIRE(given);
  return *given;
}

std::string refused(const Words& words) {
  const Declared declared;
  const auto given = parse_words(declared.options, words);
  if (given) return "accepted";
  CHECK(given.error().code == Errc::usage);
  return given.error().message();
}

}  // namespace

TEST_CASE("parse_words: gives each option its values in their order, and nothing for the others") {
  CHECK(parsed({}).empty());
  CHECK(parsed({"--count", "5", "--listen", "a", "--listen=b", "--count=6"}) ==
        config::Options{{"count", {"5", "6"}}, {"listen", {"a", "b"}}});
  CHECK(parsed({"--listen", "--fill"}) == config::Options{{"listen", {"--fill"}}});  // As getopt.
  CHECK(parsed({"--listen=a=b"}) == config::Options{{"listen", {"a=b"}}});
}

TEST_CASE("parse_words: letters take their value apart, joined or behind '='") {
  CHECK(parsed({"-c", "5"}) == config::Options{{"count", {"5"}}});
  CHECK(parsed({"-c5"}) == config::Options{{"count", {"5"}}});
  CHECK(parsed({"-fc5"}) == config::Options{{"count", {"5"}}, {"fill", {"true"}}});
}

TEST_CASE("parse_words: flags need no value, take one behind '=', and the last one counts") {
  CHECK(parsed({"--fill"}) == config::Options{{"fill", {"true"}}});
  CHECK(parsed({"--fill=false"}) == config::Options{{"fill", {"false"}}});
  CHECK(parsed({"--fill=false", "-f"}) == config::Options{{"fill", {"true"}}});
  CHECK(parsed({"-f", "--json"}) == config::Options{{"fill", {"true"}}, {"json", {"true"}}});
  CHECK(parsed({"--fill", "word"}) == config::Options{{"PLACE", {"word"}}, {"fill", {"true"}}});
}

TEST_CASE("parse_words: counted flags count") {
  CHECK(parsed({"-v"}).at("verbose").size() == 1);
  CHECK(parsed({"-vv"}).at("verbose").size() == 2);
  CHECK(parsed({"-v", "--verbose", "-v"}).at("verbose").size() == 3);
}

TEST_CASE("parse_words: arguments fill the positions, wherever options stand") {
  CHECK(parsed({"here"}) == config::Options{{"PLACE", {"here"}}});
  CHECK(parsed({"here", "a", "--fill", "b"}) ==
        config::Options{{"PLACE", {"here"}}, {"WORD", {"a", "b"}}, {"fill", {"true"}}});
  CHECK(parsed({"-"}) == config::Options{{"PLACE", {"-"}}});
  CHECK(parsed({"here", "%%", "++", "a,b", "{c}", "'d'", "\"e\""}).at("WORD") ==
        Words{"%%", "++", "a,b", "{c}", "'d'", "\"e\""});
}

TEST_CASE("parse_words: an empty argument is an argument") {
  CHECK(parsed({""}) == config::Options{{"PLACE", {""}}});
  CHECK(parsed({"here", "", "x"}).at("WORD") == Words{"", "x"});
  CHECK(parsed({"--listen", ""}) == config::Options{{"listen", {""}}});
}

TEST_CASE("parse_words: an empty value behind '=' does not take the next word") {
  CHECK(parsed({"--listen="}) == config::Options{{"listen", {""}}});
  CHECK(parsed({"--listen=", "x"}) == config::Options{{"PLACE", {"x"}}, {"listen", {""}}});
  CHECK(parsed({"--count=", "-f"}) == config::Options{{"count", {""}}, {"fill", {"true"}}});
  CHECK(parsed({"--fill="}) == config::Options{{"fill", {""}}});
}

TEST_CASE("parse_words: no byte of a value is lost or added") {
  CHECK(parsed({"--listen=a=[b]"}) == config::Options{{"listen", {"a=[b]"}}});
  CHECK(parsed({"--listen", "-a=[b]"}) == config::Options{{"listen", {"-a=[b]"}}});
  CHECK(parsed({"--listen=\x01"}) == config::Options{{"listen", {"\x01"}}});
  CHECK(parsed({"--listen=\x01[a,b]"}) == config::Options{{"listen", {"\x01[a,b]"}}});
  CHECK(parsed({"--", "\x01x", "-a=[b]", "-a=\x01", "-a="}) ==
        config::Options{{"PLACE", {"\x01x"}}, {"WORD", {"-a=[b]", "-a=\x01", "-a="}}});
}

TEST_CASE("parse_words: words in brackets stay whole") {
  CHECK(parsed({"[a,b]"}) == config::Options{{"PLACE", {"[a,b]"}}});
  CHECK(parsed({"[::1]:80"}) == config::Options{{"PLACE", {"[::1]:80"}}});
  CHECK(parsed({"--listen", "[a,b]", "--listen=[::1]:80"}) ==
        config::Options{{"listen", {"[a,b]", "[::1]:80"}}});
  CHECK(parsed({"-c=[a,b]"}).at("count").back().find("[a,b]") != std::string::npos);
  CHECK(parsed({"-c[a,b]"}) == config::Options{{"count", {"[a,b]"}}});
  CHECK(parsed({"here", "[]", "a=[b]", "--", "[x,y]"}).at("WORD") == Words{"[]", "a=[b]", "[x,y]"});
}

TEST_CASE("parse_words: behind -- everything is an argument") {
  CHECK(parsed({"--fill", "--", "--fill", "-x"}) ==
        config::Options{{"PLACE", {"--fill"}}, {"WORD", {"-x"}}, {"fill", {"true"}}});
  CHECK(parsed({"--"}).empty());
}

TEST_CASE("parse_words: a missing value is told with its option") {
  CHECK(refused({"--count"}).find("--count") != std::string::npos);
  CHECK(refused({"-c"}).find("count") != std::string::npos);
}

TEST_CASE("parse_words: unknown options are refused, the nearest one named") {
  CHECK(refused({"--lsten", "a"}) == "cannot take the option '--lsten': did you mean '--listen'?");
  CHECK(refused({"--cuont=5"}) == "cannot take the option '--cuont=5': did you mean '--count'?");
  CHECK(refused({"--nothing-like-it"}) == "cannot take the option '--nothing-like-it': see --help");
  CHECK(refused({"-z"}).starts_with("cannot take the option '-z'"));
  CHECK(refused({"--cou", "5"}).starts_with("cannot take the option '--cou'"));
  CHECK(refused({"--\x1b[2J"}).find('\x1b') == std::string::npos);
}

TEST_CASE("parse_words: one argument too many is refused") {
  bool fill = false;
  std::optional<std::string> place;
  Options options;
  options.flag("fill", fill, "");
  options.positional("PLACE", place, "");
  CHECK(parse_words(options, {"a", "b"}).error().message() ==
        "cannot take 'b': one argument too many");
  CHECK_FALSE(parse_words(options, {"a", "--", "b"}));
  CHECK_FALSE(parse_words(options, {"a", "-"}));
  CHECK_FALSE(parse_words(Options{}, {"a"}));
}

TEST_CASE("parse_words: an option that may stand alone takes a value behind '=' only") {
  std::optional<std::string> wait;
  std::vector<std::string> hosts;
  Options options;
  options.value("wait", wait, "DUR", "").may_stand_alone("0");
  options.positionals("HOST", hosts, "");
  const auto alone = parse_words(options, {"--wait", "web1"});
  REQUIRE(alone);
  CHECK(alone->at("wait") == std::vector<std::string>{"0"});
  CHECK(alone->at("HOST") == std::vector<std::string>{"web1"});
  const auto given = parse_words(options, {"--wait=5m", "web1"});
  REQUIRE(given);
  CHECK(given->at("wait") == std::vector<std::string>{"5m"});
}
