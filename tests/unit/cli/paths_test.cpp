// Tests of where state and known_hosts are kept, by the environment alone.
#include "cli/paths.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

using namespace netkit::cli;
using Variables = netkit::config::Environment;

TEST_CASE("state_directory: systemd's, else XDG's, else root's, else under the home") {
  const Variables all{
      {"STATE_DIRECTORY", "/var/lib/a:/var/lib/b"}, {"XDG_STATE_HOME", "/x"}, {"HOME", "/h"}};
  CHECK(state_directory(all, "echo", false) == "/var/lib/a");
  CHECK(state_directory(all, "echo", true) == "/var/lib/a");
  const Variables xdg{{"STATE_DIRECTORY", ""}, {"XDG_STATE_HOME", "/x"}, {"HOME", "/h"}};
  CHECK(state_directory(xdg, "echo", false) == "/x/netkit/echo");
  CHECK(state_directory(xdg, "echo", true) == "/x/netkit/echo");
  const Variables home{{"HOME", "/h"}};
  CHECK(state_directory(home, "echo", false) == "/h/.local/state/netkit/echo");
  CHECK(state_directory(home, "echo", true) == "/var/lib/netkit/echo");
}

TEST_CASE("state_directory: relative paths of the environment are ignored") {
  CHECK(state_directory({{"XDG_STATE_HOME", "x"}, {"HOME", "/h"}}, "echo", false) ==
        "/h/.local/state/netkit/echo");
  CHECK(state_directory({{"XDG_STATE_HOME", "x"}, {"HOME", "h"}}, "echo", false).empty());
  CHECK(state_directory({}, "echo", false).empty());
  CHECK(state_directory({}, "echo", true) == "/var/lib/netkit/echo");
}

TEST_CASE("known_hosts_path: beside the state of all commands") {
  CHECK(known_hosts_path({{"XDG_STATE_HOME", "/x"}}) == "/x/netkit/known_hosts");
  CHECK(known_hosts_path({{"STATE_DIRECTORY", "/s"}, {"XDG_STATE_HOME", "/x"}}) ==
        "/x/netkit/known_hosts");
  const bool root = ::geteuid() == 0;
  CHECK(known_hosts_path({{"HOME", "/h"}}) ==
        (root ? "/var/lib/netkit/known_hosts" : "/h/.local/state/netkit/known_hosts"));
}

TEST_CASE("absolute_path: is independent of the working directory") {
  CHECK(absolute_path("/a/b") == "/a/b");
  CHECK(absolute_path("b").starts_with("/"));
  CHECK(absolute_path("b").ends_with("/b"));
  CHECK(absolute_path(".") + "/b" == absolute_path("b"));
  CHECK(absolute_path("/.") == "/.");
}
