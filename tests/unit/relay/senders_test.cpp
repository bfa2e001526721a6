// Tests of once and in order, for senders whose messages stand in several logs.
#include "commands/relay/senders.hpp"

#include <doctest/doctest.h>
#include <vector>

using namespace netkit::relay;
using namespace std::chrono_literals;

namespace {

using Verdict = Senders::Verdict;
using Numbers = std::vector<std::uint64_t>;

struct Desk {
  Senders senders;
  Numbers let_go;
  Senders::LetGo note = [this](const Record& record, RecordId id) {
    CHECK(id.seq == record.number + 100);
    CHECK(record.text == "text " + std::to_string(record.number));
    let_go.push_back(record.number);
  };

  Verdict take(std::uint64_t number, Instant now = 0s, SenderKey sender = 1) {
    const std::string text = "text " + std::to_string(number);
    return senders.take(
        {.sender = sender, .number = number, .room = "r", .nick = "n", .text = text},
        {.log = 7, .seq = number + 100}, now);
  }
};

}  // namespace

TEST_CASE("Senders: what comes in order is delivered, what comes again is not") {
  Desk desk;
  CHECK(desk.senders.known(1) == 0);
  CHECK(desk.take(1) == Verdict::deliver);
  CHECK(desk.take(2) == Verdict::deliver);
  CHECK(desk.take(2) == Verdict::repeat);
  CHECK(desk.take(1) == Verdict::repeat);
  CHECK(desk.take(1, 0s, 2) == Verdict::deliver);
  CHECK(desk.senders.known(1) == 2);
}

TEST_CASE("Senders: what comes too early waits for its predecessor") {
  Desk desk;
  desk.take(1);
  CHECK(desk.take(4) == Verdict::held);
  CHECK(desk.take(3) == Verdict::held);
  CHECK(desk.take(3) == Verdict::repeat);
  CHECK(desk.senders.known(1) == 1);
  CHECK(desk.take(2) == Verdict::deliver);
  desk.senders.let_go_after(1, desk.note);
  CHECK(desk.let_go == Numbers{3, 4});
  CHECK(desk.senders.known(1) == 4);
  CHECK(desk.senders.next_due() == Instant::max());
}

TEST_CASE("Senders: a predecessor that never comes is given up after the limit") {
  Desk desk;
  desk.take(1);
  desk.take(3, 1s);
  desk.take(5, 2s);
  CHECK(desk.senders.next_due() == 3s);
  desk.senders.let_go_late(2'999ms, desk.note);
  CHECK(desk.let_go.empty());
  desk.senders.let_go_late(3s, desk.note);
  CHECK(desk.let_go == Numbers{3});
  CHECK(desk.senders.next_due() == 4s);
  desk.senders.let_go_late(4s, desk.note);
  CHECK(desk.let_go == Numbers{3, 5});
  CHECK(desk.take(4) == Verdict::repeat);
  CHECK(desk.take(9, 4s) == Verdict::held);
  desk.senders.let_go_late(Instant::max(), desk.note);
  CHECK(desk.let_go == Numbers{3, 5, 9});
}

TEST_CASE("Senders: a sender that was never heard waits, too, for its first message") {
  Desk desk;
  CHECK(desk.take(2) == Verdict::held);
  CHECK(desk.take(1) == Verdict::deliver);
  desk.senders.let_go_after(1, desk.note);
  CHECK(desk.let_go == Numbers{2});
}

TEST_CASE("Senders: what the relay takes itself is noted, and frees what waited for it") {
  Desk desk;
  CHECK(desk.senders.take_own(1, 5));
  CHECK_FALSE(desk.senders.take_own(1, 5));
  CHECK_FALSE(desk.senders.take_own(1, 4));
  CHECK(desk.take(7) == Verdict::held);
  CHECK(desk.take(9) == Verdict::held);
  CHECK(desk.senders.take_own(1, 6));
  desk.senders.let_go_late(0s, desk.note);
  CHECK(desk.let_go == Numbers{7});
  CHECK(desk.senders.next_due() == 2s);
  CHECK(desk.senders.take_own(1, 20));
  desk.senders.let_go_late(0s, desk.note);
  CHECK(desk.let_go == Numbers{7});
  CHECK(desk.senders.next_due() == Instant::max());
}

TEST_CASE("Senders: too many that wait are let go at once") {
  Desk desk;
  desk.take(1);
  for (std::uint64_t number = 3; number < 3 + Senders::held_per_sender_max; ++number)
    desk.take(number);
  CHECK(desk.senders.next_due() == 2s);
  desk.take(3 + Senders::held_per_sender_max);
  desk.senders.let_go_late(0s, desk.note);
  CHECK(desk.let_go.size() == Senders::held_per_sender_max + 1);
  CHECK(desk.let_go.front() == 3);
}

TEST_CASE("Senders: those that were not heard for longest are forgotten") {
  Senders senders;
  for (SenderKey sender = 1; sender <= Senders::senders_max; ++sender)
    senders.take_own(sender, 9);
  senders.take_own(1, 10);
  senders.take_own(Senders::senders_max + 1, 9);
  CHECK(senders.known(1) == 10);
  CHECK(senders.known(2) == 0);
  CHECK(senders.known(3) == 9);
}
