// Tests of `--on EVENT=CMD` up to the point where a program would begin: what is written, what
// waits, what a command is told.
#include "cli/reactions.hpp"

#include <doctest/doctest.h>

#include "cli/event_commands.hpp"

using namespace netkit;
using namespace netkit::cli;
using namespace std::chrono_literals;

TEST_CASE("Reaction: an event, '=' and a command, which may hold anything") {
  Reaction reaction;
  REQUIRE(read_value("relay_away=echo a=b", reaction));
  CHECK(reaction.event == "relay_away");
  CHECK(reaction.command == "echo a=b");
  CHECK(show_value(reaction) == "relay_away=echo a=b");
  for (const char* wrong : {"", "connect", "connect=", "=true", "Connect=true", "a b=true"}) {
    const Status read = read_value(wrong, reaction);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::usage);
  }
}

TEST_CASE("Reactions: of too many that wait the oldest go, and nobody who asks waits") {
  log::MemorySink sink;
  log::Logger log{"test", sink};
  asio::io_context io;
  const auto reactions = std::make_shared<Reactions>(io, log, 0s, Reactions::Say{});
  for (std::size_t i = 0; i < Reactions::waiting_max + 5; ++i)
    reactions->start({.command = std::to_string(i)});
  CHECK(reactions->waiting() == Reactions::waiting_max);
  CHECK(sink.lines().empty());
}

TEST_CASE("event_environment: the event's name and each of its fields") {
  const std::string long_text(2000, 'x');
  const log::Field fields[] = {
      {"address", "127.0.0.1"}, {"port", 7},  {"took", 1500ms}, {"tls", true}, {"part", 0.5},
      {"reason", "a\nb"},       {"back", -2}, {"x", long_text}};
  CHECK(event_environment({.time = {}, .service = {}, .name = "disconnect", .fields = fields}) ==
        std::vector<std::string>{"NETKIT_EVENT=disconnect", "EVENT_ADDRESS=127.0.0.1",
                                 "EVENT_PORT=7", "EVENT_TOOK=1.5", "EVENT_TLS=true",
                                 "EVENT_PART=0.5", "EVENT_REASON=a\nb", "EVENT_BACK=-2",
                                 "EVENT_X=" + std::string(1024, 'x')});
}
