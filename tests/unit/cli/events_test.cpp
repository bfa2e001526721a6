// Tests of which events --on may name: those in lists of events, and nothing else in them.
#include "cli/events.hpp"

#include <algorithm>
#include <doctest/doctest.h>

namespace netkit::cli {
namespace {

constexpr std::string_view manual = R"(
Prose with `words` in it.

# FILES

`STATE/x` :: A file.

# EVENTS

`link`, `a_name_that_is_long`,
`link_refused` :: `relay`, `reason`.

Prose about `nothing` that is logged.

`gap` :: `from`; `to` :: twice.

# NOTES

`note` :: No event.
)";

Command command_with(std::string_view text) {
  return {.name = "x", .summary = {}, .verbs = {}, .manual = text};
}

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

TEST_CASE("event_names: tags of items under EVENTS, and the common ones") {
  const std::vector<std::string> names = event_names(command_with(manual));
  CHECK(std::ranges::is_sorted(names));
  CHECK(std::ranges::adjacent_find(names) == names.end());
  for (const std::string_view each :
       {"link", "a_name_that_is_long", "link_refused", "gap", "connect", "stop", "trust"}) {
    CAPTURE(each);
    CHECK(has(names, each));
  }
  for (const std::string_view each : {"words", "STATE/x", "nothing", "note", "from", "to", "relay",
                                      "reason", "reaction", "dropped", "failed"}) {
    CAPTURE(each);
    CHECK_FALSE(has(names, each));
  }
  CHECK_FALSE(has(event_names(command_with({})), "link"));
}

TEST_CASE("check_events: what never comes is told, with what was meant or where they are listed") {
  const std::vector<std::string> known{"connect", "link"};
  CHECK(check_events({}, known, "relay"));
  CHECK(check_events({{"link", "x"}, {"all", "x"}, {"connect", "x"}}, known, "relay"));
  const Status typed = check_events({{"link", "x"}, {"conect", "x"}}, known, "relay");
  REQUIRE_FALSE(typed);
  CHECK(typed.error().code == Errc::usage);
  CHECK(typed.error().attempt == "react to 'conect', which relay never logs");
  CHECK(typed.error().hint == "did you mean 'connect'?");
  const Status other = check_events({{"frobnicate", "x"}}, known, "relay");
  REQUIRE_FALSE(other);
  CHECK(other.error().hint == "netkit man and netkit man relay list its events");
}

}  // namespace
}  // namespace netkit::cli
