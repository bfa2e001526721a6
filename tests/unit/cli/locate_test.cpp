// Tests of finding command and verb among words and global options, and in the program's name.
#include "cli/locate.hpp"

#include <doctest/doctest.h>

#include "unit/cli/small_table.hpp"

using namespace netkit;
using namespace netkit::cli;
using tests::table;

namespace {

using Words = std::vector<std::string>;

struct Found {
  std::string command;
  std::string verb;
  Words rest;
  friend bool operator==(const Found&, const Found&) = default;
};

Found found(const Words& words) {
  const auto located = locate(table, words);
  if (!located) return {located.error().message(), {}, {}};
  return {located->command ? std::string{located->command->name} : "none",
          located->verb ? "[" + std::string{located->verb->name} + "]" : "none", located->rest};
}

}  // namespace

TEST_CASE("locate: takes command and verb, and leaves everything behind them alone") {
  CHECK(found({}) == Found{"none", "none", {}});
  CHECK(found({"paint"}) == Found{"paint", "none", {}});
  CHECK(found({"paint", "draw"}) == Found{"paint", "[draw]", {}});
  CHECK(found({"paint", "draw", "say", "--x", "draw"}) ==
        Found{"paint", "[draw]", {"say", "--x", "draw"}});
}

TEST_CASE("locate: a command without verbs takes the next word as its own") {
  CHECK(found({"say", "draw"}) == Found{"say", "[]", {"draw"}});
  CHECK(found({"either"}) == Found{"either", "[]", {}});
  CHECK(found({"either", "check", "x"}) == Found{"either", "[check]", {"x"}});
  CHECK(found({"either", "x", "check"}) == Found{"either", "[]", {"x", "check"}});
}

TEST_CASE("locate: the value of an option of the verb that may be left out is no verb") {
  CHECK(found({"steer", "--to", "check", "--fast"}) ==
        Found{"steer", "[]", {"--to", "check", "--fast"}});
  CHECK(found({"steer", "-t", "check"}) == Found{"steer", "[]", {"-t", "check"}});
  CHECK(found({"steer", "--to=a", "check"}) == Found{"steer", "[check]", {"--to=a"}});
  CHECK(found({"steer", "--fast", "check"}) == Found{"steer", "[check]", {"--fast"}});
}

TEST_CASE("locate: global options may stand before command and verb, with their values") {
  CHECK(found({"--json", "paint", "-v", "draw", "x"}) ==
        Found{"paint", "[draw]", {"--json", "-v", "x"}});
  CHECK(found({"--log-file", "say", "paint", "--config", "draw", "draw"}) ==
        Found{"paint", "[draw]", {"--log-file", "say", "--config", "draw"}});
  CHECK(found({"--log-level=debug", "say", "hello"}) ==
        Found{"say", "[]", {"--log-level=debug", "hello"}});
  CHECK(found({"--log-file"}) == Found{"none", "none", {"--log-file"}});
  CHECK(found({"--help"}) == Found{"none", "none", {"--help"}});
}

TEST_CASE("locate: words behind -- are never commands or verbs") {
  CHECK(found({"--", "paint"}) == Found{"none", "none", {"--", "paint"}});
  CHECK(found({"either", "--", "check"}) == Found{"either", "[]", {"--", "check"}});
}

TEST_CASE("locate: an unknown command is Errc::unknown_command and names the nearest") {
  CHECK(locate(table, {"piant"}).error().code == Errc::unknown_command);
  CHECK(found({"piant"}).command ==
        "cannot run 'piant': no such command (did you mean 'paint'? netkit --list names them all)");
  CHECK(found({"xyzzy"}).command ==
        "cannot run 'xyzzy': no such command (netkit --list names them all)");
  CHECK(locate(table, {""}).error().code == Errc::unknown_command);
  CHECK(locate(table, {"Paint"}).error().code == Errc::unknown_command);
}

TEST_CASE("locate: an unknown verb is Errc::usage and names the nearest") {
  CHECK(locate(table, {"paint", "darw"}).error().code == Errc::usage);
  CHECK(found({"paint", "darw"}).command ==
        "cannot take 'darw' as a verb: did you mean 'draw'? one of draw, erase");
  CHECK(found({"paint", "a\nb"}).command.find('\n') == std::string::npos);
  // Where a verb may be left out, but takes no arguments, a word can only be a verb.
  CHECK(found({"steer", "chekc"}).command ==
        "cannot take 'chekc' as a verb: did you mean 'check'? one of check");
}

TEST_CASE("command_in_name: a link's name stands for its command") {
  CHECK(command_in_name(table, "paint") == "paint");
  CHECK(command_in_name(table, "./say") == "say");
  CHECK(command_in_name(table, "/usr/bin/netkit-paint") == "paint");
  for (const std::string_view name : {"netkit", "/bin/netkit", "paint2", "netkit-", "", "/paint/"})
    CHECK(command_in_name(table, name).empty());
}

TEST_CASE("Command: finds its verbs") {
  const Command* paint = find(table, "paint");
  REQUIRE(paint);
  CHECK(paint->find("erase")->summary == "Erase a thing");
  CHECK(paint->find("") == nullptr);
  CHECK_FALSE(paint->has_no_verbs());
  CHECK(find(table, "say")->has_no_verbs());
  CHECK_FALSE(find(table, "either")->has_no_verbs());
  CHECK(find(table, "pain") == nullptr);
}
