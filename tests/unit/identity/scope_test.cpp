// Tests of scopes: which words are one, and which grants which.
#include "identity/scope.hpp"

#include <doctest/doctest.h>
#include <vector>

using namespace netkit;
using namespace netkit::identity;

namespace {

bool grant(const std::vector<std::string>& held, std::string_view wanted) {
  return grants(held, wanted);
}

}  // namespace

TEST_CASE("check_scope: words joined by colons") {
  for (const std::string_view good : {"admin", "shutdown:order", "relay:link", "a:b:c", "x-1:2"})
    CHECK(check_scope(good));
  CHECK(check_scope(std::string(64, 'a')));
  for (const std::string_view bad : {"", ":", "a:", ":a", "a::b", "A", "a b", "a*", "*", "a:*",
                                     "a.b", "a_b", "\xc3\xa9", "a\n"}) {
    CAPTURE(bad);
    const auto checked = check_scope(bad);
    REQUIRE(!checked);
    CHECK(checked.error().code == Errc::usage);
  }
  CHECK(!check_scope(std::string(65, 'a')));
  CHECK(!check_scope(std::string_view{"a\0b", 3}));
}

TEST_CASE("grants: the scope itself, all below it, and everything for admin") {
  CHECK(grant({"shutdown:order"}, "shutdown:order"));
  CHECK(grant({"relay:link", "shutdown"}, "shutdown:order"));
  CHECK(grant({"shutdown"}, "shutdown:order:now"));
  CHECK(grant({"shutdown"}, "shutdown"));
  CHECK(grant({"admin"}, "shutdown:order"));
  CHECK(grant({"admin"}, "admin"));
}

TEST_CASE("grants: nothing sideways, upwards or by a part of a word") {
  CHECK_FALSE(grant({}, "shutdown"));
  CHECK_FALSE(grant({"shutdown:order"}, "shutdown"));
  CHECK_FALSE(grant({"shutdown:order"}, "shutdown:see"));
  CHECK_FALSE(grant({"shut"}, "shutdown"));
  CHECK_FALSE(grant({"shutdown"}, "shutdown-server:order"));
  CHECK_FALSE(grant({"admin:x"}, "shutdown"));
  CHECK_FALSE(grant({"administrator"}, "shutdown"));
  CHECK_FALSE(grant({"shutdown"}, "admin"));
  CHECK_FALSE(grant({""}, "shutdown"));
  CHECK_FALSE(grant({""}, ":shutdown"));
  CHECK_FALSE(grant({"*"}, "shutdown"));
  CHECK_FALSE(grant({"admin"}, ""));
}
