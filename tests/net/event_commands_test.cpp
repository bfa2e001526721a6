// Tests of the commands that follow a server's events: real programs, events of several threads.
#include "cli/event_commands.hpp"

#include <doctest/doctest.h>

#include "net/rig.hpp"

using namespace netkit;
using namespace netkit::cli;
using netkit::net::tests::becomes_true;

namespace {

/// A log whose events are followed, as text.
struct Followed {
  log::MemorySink sink;
  log::Logger log{"echo", sink, {.level = log::Level::debug}};
  EventCommands commands;

  explicit Followed(std::vector<Reaction> wanted)
      : commands{log, {{"PATH", "/usr/bin:/bin"}, {"EVENT_OLD", "1"}}, std::move(wanted)} {
    log.observe([this](const log::Event& event) { commands.hear(event); });
  }
  std::size_t count(std::string_view text) const {
    std::size_t found = 0;
    for (const std::string& line : sink.lines())
      found += line.find(text) != std::string::npos ? 1 : 0;
    return found;
  }
};

}  // namespace

TEST_CASE("EventCommands: a command is told of its event, and the log of the command") {
  Followed followed{{{"connect",
                      "echo $NETKIT_EVENT $EVENT_PORT,$EVENT_OLD,"
                      "$(grep -c '\"event\":\"connect\",\"port\":7}'); exit 3"}}};
  followed.log.info("listen");
  followed.log.debug("connect", {{"port", 7}});
  CHECK(becomes_true([&] { return followed.count("exited with 3") == 1; }));
  CHECK(followed.count("connect 7,,1") == 1);
}

TEST_CASE("EventCommands: follows the events of all threads, and none of its own") {
  Followed followed{{{"all", "exit 5"}, {"reaction", "exit 6"}}};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < 5; ++n)
          followed.log.info("connect");
      });
  }
  followed.log.debug("retry");
  CHECK(becomes_true([&] { return followed.count("exited with 5") == 20; }));
  followed.commands.end();
  followed.log.info("late");
  CHECK(followed.count("exited with 5") == 20);
  CHECK(followed.count("exited with 6") == 0);
}
