// The parts of chat's machine: what was sent, what was seen, whose turn it is.
#include <doctest/doctest.h>
#include <string>
#include <vector>

#include "commands/relay/chat_outbox.hpp"
#include "commands/relay/chat_seen.hpp"
#include "commands/relay/chat_turns.hpp"

using namespace netkit;
using namespace netkit::relay;
using namespace std::chrono_literals;
using Next = ChatTurns::Next;

namespace {

std::vector<std::uint64_t> numbers_above(const ChatOutbox& outbox, std::uint64_t known) {
  std::vector<std::uint64_t> numbers;
  outbox.above(known, [&](const auto& message) { numbers.push_back(message.number); });
  return numbers;
}

Said said(std::uint64_t log, std::uint64_t seq, std::uint64_t sender, std::uint64_t number,
          std::string_view room = "lobby") {
  Said said;
  said.id = {log, seq};
  said.sender = sender;
  said.number = number;
  said.room = room;
  return said;
}

const Error down{std::make_error_code(std::errc::connection_refused), "connect"};
const Error no{Errc::refused, "enter"};

}  // namespace

TEST_CASE("ChatOutbox: numbers from 1 and keeps what is acknowledged, too") {
  ChatOutbox outbox;
  for (int i = 0; i < 3; ++i)
    outbox.add(false, "lobby", "text");
  CHECK(outbox.unacknowledged() == 3);
  outbox.acknowledge(2);
  CHECK(outbox.unacknowledged() == 1);
  CHECK(numbers_above(outbox, 0) == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(numbers_above(outbox, 2) == std::vector<std::uint64_t>{3});
  CHECK(numbers_above(outbox, 9).empty());
}

TEST_CASE("ChatOutbox: an acknowledgement goes neither back nor beyond what was sent") {
  ChatOutbox outbox;
  outbox.add(false, "lobby", "1");
  outbox.add(true, "anna", "2");
  outbox.acknowledge(UINT64_MAX);
  CHECK(outbox.acknowledged() == 2);
  outbox.acknowledge(1);
  CHECK(outbox.acknowledged() == 2);
}

TEST_CASE("ChatOutbox: forgets acknowledged messages beyond 1,024, or 4 MiB, and no others") {
  ChatOutbox outbox;
  for (int i = 0; i < 2000; ++i)
    outbox.add(false, "lobby", "text");
  CHECK(numbers_above(outbox, 0).size() == 2000);
  outbox.acknowledge(1999);
  CHECK(numbers_above(outbox, 0).size() == 1024);
  CHECK(numbers_above(outbox, 0).front() == 977);

  ChatOutbox large;
  for (int i = 0; i < 10; ++i)
    large.add(false, "lobby", std::string(1024 * 1024, 'x'));
  CHECK(numbers_above(large, 0).size() == 10);
  large.acknowledge(10);
  CHECK(numbers_above(large, 0) == std::vector<std::uint64_t>{8, 9, 10});
}

TEST_CASE("ChatSeen: the same sender and number is shown once, from whichever log") {
  ChatSeen seen;
  CHECK(seen.take(said(1, 1, 7, 1), 0s));
  CHECK_FALSE(seen.take(said(1, 1, 7, 1), 0s));
  CHECK_FALSE(seen.take(said(2, 5, 7, 1), 0s));
  CHECK(seen.take(said(2, 6, 8, 1), 0s));
  CHECK(seen.take(said(2, 7, 7, 2), 0s));
}

TEST_CASE("ChatSeen: what comes late is shown, if it is no more than 64 numbers late") {
  ChatSeen seen;
  CHECK(seen.take(said(1, 1, 7, 100), 0s));
  CHECK(seen.take(said(1, 2, 7, 99), 0s));
  CHECK_FALSE(seen.take(said(1, 2, 7, 99), 0s));
  CHECK(seen.take(said(1, 3, 7, 36), 0s));
  CHECK_FALSE(seen.take(said(1, 3, 7, 36), 0s));
  CHECK_FALSE(seen.take(said(1, 4, 7, 35), 0s));
  CHECK(seen.take(said(1, 5, 7, 164), 0s));
  CHECK_FALSE(seen.take(said(1, 5, 7, 100), 0s));
  CHECK(seen.take(said(1, 6, 7, 101), 0s));
  CHECK(seen.take(said(1, 7, 7, 1000), 0s));
  CHECK(seen.take(said(1, 8, 7, 999), 0s));
}

TEST_CASE("ChatSeen: numbers count room by room, since one has the history of a room later") {
  ChatSeen seen;
  CHECK(seen.take(said(1, 900, 7, 500, "lobby"), 0s));
  CHECK(seen.take(said(1, 2, 7, 2, "kitchen"), 0s));
  CHECK(seen.take(said(1, 3, 7, 3, ""), 0s));
  seen.forget("kitchen");
  CHECK(seen.take(said(1, 2, 7, 2, "kitchen"), 0s));
  CHECK_FALSE(seen.take(said(1, 900, 7, 500, "lobby"), 0s));
}

TEST_CASE("ChatSeen: resumes behind what came more than 5 s before the loss") {
  ChatSeen seen;
  seen.begin({{1, 10}, {2, 20}});
  CHECK(seen.take(said(1, 11, 7, 1), 100s));
  CHECK(seen.take(said(1, 12, 7, 2), 104s));
  CHECK(seen.resume_at(103s) == Vector{{1, 10}, {2, 20}});
  CHECK(seen.resume_at(106s) == Vector{{1, 11}, {2, 20}});
  seen.resumed(200s);
  CHECK(seen.take(said(3, 1, 9, 1), 203s));
  CHECK(seen.resume_at(204s) == Vector{{1, 11}, {2, 20}});
  CHECK(seen.resume_at(300s) == Vector{{1, 12}, {2, 20}, {3, 1}});
}

TEST_CASE("ChatSeen: history does not set the resumption back") {
  ChatSeen seen;
  seen.begin({{1, 10}});
  CHECK(seen.take(said(1, 3, 7, 1), 0s));
  CHECK(seen.resume_at(60s) == Vector{{1, 10}});
}

TEST_CASE("ChatSeen: stays bounded whatever comes") {
  ChatSeen seen;
  for (std::uint64_t i = 1; i <= 70'000; ++i)
    CHECK(seen.take(said(i, 1, i, 1), 0s));
  CHECK(seen.resume_at(60s).size() == ChatSeen::logs_max);
  CHECK_FALSE(seen.take(said(1, 1, 69'999, 1), 0s));
}

TEST_CASE("ChatTurns: a first round that fails is the end") {
  ChatTurns turns{3, {}};
  CHECK(turns.current() == 0);
  CHECK(turns.failed(down, 0s) == Next::at_once);
  CHECK(turns.current() == 1);
  CHECK(turns.failed(down, 0s) == Next::at_once);
  CHECK(turns.failed(down, 0s) == Next::never);
}

TEST_CASE("ChatTurns: after a loss the next one has its turn, for as long as patience lasts") {
  ChatTurns turns{2, {.rounds = {}, .after_loss = 30s}};
  turns.entered();
  turns.lost(100s);
  CHECK(turns.current() == 1);
  CHECK(turns.failed(down, 101s) == Next::at_once);
  CHECK(turns.current() == 0);
  CHECK(turns.failed(down, 102s) == Next::after_pause);
  CHECK(turns.failed(down, 131s) == Next::at_once);
  CHECK(turns.failed(down, 131s) == Next::never);
}

TEST_CASE("ChatTurns: entering anywhere forgets the failures") {
  ChatTurns turns{1, {.rounds = 1, .after_loss = 0s}};
  CHECK(turns.failed(down, 0s) == Next::after_pause);
  turns.entered();
  turns.lost(10s);
  CHECK(turns.failed(down, 11s) == Next::after_pause);
  CHECK(turns.failed(down, 12s) == Next::never);
}

TEST_CASE("ChatTurns: those who say no do not keep us waiting, unless another may be back") {
  ChatTurns alone{1, {.rounds = 5}};
  CHECK(alone.failed(no, 0s) == Next::never);
  ChatTurns two{2, {.rounds = 5}};
  CHECK(two.failed(no, 0s) == Next::at_once);
  CHECK(two.failed(down, 0s) == Next::after_pause);
  CHECK(two.failed(no, 0s) == Next::at_once);
  CHECK(two.failed(no, 0s) == Next::never);
}

TEST_CASE("ChatTurns: a person waits for ever") {
  ChatTurns turns{1, {.rounds = {}, .after_loss = 0s, .for_ever_after_loss = true}};
  turns.entered();
  turns.lost(0s);
  CHECK(turns.failed(down, 1'000'000s) == Next::after_pause);
}

TEST_CASE("unreached: a relay that is silent is one that is not reached") {
  CHECK(unreached({Errc::timed_out, "connect"}).code == std::errc::host_unreachable);
  CHECK(unreached(down).code == std::errc::connection_refused);
  CHECK(unreached(no).code == Errc::refused);
}
