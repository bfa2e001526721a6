// Tests of the rules of orders: each way from ordered to an end, with connections that come and go,
// restarts of the server, new boots, lines that appear and disappear, and a clock made of numbers.
#include "commands/shutdown/book.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::shutdown;
using namespace std::chrono_literals;

namespace {

constexpr Id machine_a{'A'};
constexpr Id machine_b{'B'};
constexpr Id boot_1{'1'};
constexpr Id boot_2{'2'};

Hello hello(const Id& machine, const Id& boot, std::string host = "web1") {
  Hello hello;
  hello.machine = machine;
  hello.boot = boot;
  hello.host = std::move(host);
  hello.ports = {22};
  return hello;
}

/// A book, its clock, and what it wanted sent, probed and taken out of `wylacz`.
struct Rig {
  Time now{1'000'000s};
  OrderId last_id = 0;
  std::set<std::string, std::less<>> own{"127.0.0.1"};
  Book book{settings()};
  Changes seen;
  Probe last_probe;

  BookSettings settings() {
    return {.verify = 5s,
            .down_limit = 60s,
            .is_own_address = [this](std::string_view address) { return own.contains(address); },
            .new_id = [this] { return ++last_id; }};
  }

  void look() { book.take_changes_into(seen); }
  void pass(Time::duration by) {
    now += by;
    book.tick(now);
    look();
  }
  void connect(SessionId session, const Id& boot = boot_1, const Id& machine = machine_a,
               const std::string& address = "192.0.2.7") {
    book.agent_connected(session, address, hello(machine, boot), false, now);
    look();
  }
  void step(SessionId session, Step step, OrderId order = 1, std::string why = {}) {
    book.progress(session, {step, order, std::move(why)}, now);
    look();
  }
  void lose(SessionId session, bool polite = false) {
    book.disconnected(session, polite, now);
    look();
  }
  OrderId order(const HostKey& host, Request request = {}) {
    const OrderId id = book.order(host, request, now);
    look();
    return id;
  }
  void lines(const std::set<std::string>& addresses) {
    book.lines_are(addresses, now);
    look();
  }
  State state(OrderId id = 1) const { return book.find_order(id)->state; }
  const std::string& why(OrderId id = 1) const { return book.find_order(id)->why; }

  /// The orders that a session was told `word` of since the last call.
  std::vector<OrderId> told(SessionId session, Dispatch::Word word) {
    std::vector<OrderId> found;
    for (const Dispatch& each : std::exchange(seen.dispatches, {}))
      if (each.session == session && each.word == word) found.push_back(each.order);
    return found;
  }
  std::vector<OrderId> offers(SessionId session) { return told(session, Dispatch::Word::offer); }
  std::size_t cancels(SessionId session) { return told(session, Dispatch::Word::cancel).size(); }
  std::vector<SessionId> told_yep() {
    std::vector<SessionId> found;
    for (const Dispatch& each : std::exchange(seen.dispatches, {}))
      if (each.word == Dispatch::Word::yep) found.push_back(each.session);
    return found;
  }
  std::vector<std::string> lines_done() { return std::exchange(seen.lines_done, {}); }
  bool probes() {
    if (seen.probes.empty()) return false;
    last_probe = seen.probes.back();
    seen.probes.clear();
    return true;
  }
  void probed(bool alive) {
    book.probed(last_probe, alive, now);
    look();
  }

  const HostKey web1 = key_of(machine_a);
};

/// An order that the agent of session 1 is obeying.
struct Going : Rig {
  Going() {
    connect(1);
    order(web1);
    for (const Step each : {Step::receipt, Step::accepted, Step::going})
      step(1, each);
    seen = {};
  }
};

using Ids = std::vector<OrderId>;
using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("Book: an order goes to a connected agent at once and by its steps") {
  Rig rig;
  rig.connect(1);
  rig.order(rig.web1);
  CHECK(rig.offers(1) == Ids{1});
  CHECK(rig.state() == State::ordered);
  rig.step(1, Step::receipt);
  CHECK(rig.state() == State::delivered);
  rig.step(1, Step::accepted);
  CHECK(rig.state() == State::accepted);
  rig.step(1, Step::going);
  CHECK(rig.state() == State::going);
  rig.step(1, Step::receipt);
  CHECK(rig.state() == State::going);
}

TEST_CASE("Book: an order waits for an agent that is away") {
  Rig rig;
  rig.connect(1);
  rig.lose(1);
  rig.order(rig.web1);
  CHECK(rig.offers(1).empty());
  rig.pass(30s);
  rig.connect(2, boot_2);
  CHECK(rig.offers(2) == Ids{1});
}

TEST_CASE("Book: a host that left in silence is probed before it is down") {
  Going rig;
  rig.lose(1);
  rig.pass(4s);
  CHECK_FALSE(rig.probes());
  CHECK(rig.state() == State::going);
  rig.pass(1s);
  CHECK(rig.probes());
  CHECK(rig.state() == State::going);
  rig.probed(false);
  CHECK(rig.state() == State::down);
  CHECK(rig.book.state_of(*rig.book.find_host(rig.web1)) == "down");
}

TEST_CASE("Book: a host that answers a probe is not down, and a timeout in the end") {
  Going rig;
  rig.lose(1);
  for (int i = 0; i < 11; ++i) {
    rig.pass(5s);
    CHECK(rig.probes());
    rig.probed(true);
    CHECK(rig.state() == State::going);
  }
  rig.pass(5s);
  CHECK(rig.state() == State::timeout);
  CHECK(rig.why() == "it left, but was not proved silent within 1m");
}

TEST_CASE("Book: an agent that comes back on the same boot is not down and gets the order again") {
  Going rig;
  rig.lose(1);
  rig.pass(4s);
  rig.connect(2);
  CHECK(rig.offers(2) == Ids{1});
  rig.pass(10s);
  CHECK(rig.state() == State::going);
  CHECK_FALSE(rig.probes());
}

TEST_CASE("Book: an agent that comes back on another boot went down, and is not ordered again") {
  Going rig;
  rig.lose(1);
  rig.connect(2, boot_2);
  CHECK(rig.state() == State::down);
  CHECK(rig.offers(2).empty());
  CHECK(rig.book.state_of(*rig.book.find_host(rig.web1)) == "online");
}

TEST_CASE("Book: another boot before the host said that it goes is no proof of anything") {
  Rig rig;
  rig.connect(1);
  rig.order(rig.web1);
  rig.step(1, Step::accepted);
  rig.lose(1);
  rig.connect(2, boot_2);
  CHECK(rig.state() == State::timeout);
  CHECK(rig.offers(2).empty());
}

TEST_CASE("Book: a late answer to a probe of before does not decide") {
  Going rig;
  rig.lose(1);
  rig.pass(5s);
  REQUIRE(rig.probes());
  const Probe before = rig.last_probe;
  rig.connect(2);
  rig.lose(2);
  rig.pass(5s);
  REQUIRE(rig.probes());
  rig.book.probed(before, false, rig.now);
  CHECK(rig.state() == State::going);
  rig.probed(false);
  CHECK(rig.state() == State::down);
}

TEST_CASE("Book: no limit runs while no server does") {
  Going before;
  Rig rig;
  rig.now = before.now + 24h;
  rig.book.restore(*before.book.find_host(before.web1));
  rig.book.restore(*before.book.find_order(1), rig.now);
  rig.pass(1s);
  CHECK(rig.state() == State::going);
  rig.connect(1);
  CHECK(rig.offers(1) == Ids{1});
}

TEST_CASE("Book: each state that an order had is told, also those of one turn") {
  Rig rig;
  rig.connect(1);
  rig.order(rig.web1);
  const auto states = [&rig] {
    std::vector<State> found;
    for (const Order& each : std::exchange(rig.seen.steps, {}))
      found.push_back(each.state);
    return found;
  };
  CHECK(states() == std::vector{State::ordered});
  for (const Step step : {Step::receipt, Step::accepted, Step::accepted, Step::refused})
    rig.book.progress(1, {step, 1, "no"}, rig.now);
  rig.look();
  CHECK(states() == std::vector{State::delivered, State::accepted, State::refused});
  CHECK(rig.why() == "no");
}

TEST_CASE("Book: of two active orders of a host the later one holds, and the other ends") {
  Rig rig;
  for (const OrderId id : {OrderId{1}, OrderId{2}}) {
    Order order;
    order.id = id;
    order.host = rig.web1;
    order.ordered = order.changed = rig.now + std::chrono::seconds{id};
    rig.book.restore(order, rig.now + 10s);
  }
  rig.look();
  CHECK(rig.state(1) == State::cancelled);
  CHECK(rig.state(2) == State::ordered);
  CHECK(rig.seen.orders.contains(1));
  rig.connect(1);
  CHECK(rig.offers(1) == Ids{2});
}

TEST_CASE("Book: what an order waited for that was replaced does not end the later one") {
  Rig rig;
  for (const OrderId id : {OrderId{1}, OrderId{2}}) {
    Order order;
    order.id = id;
    order.host = rig.web1;
    order.offered = true;
    order.state = id == 1 ? State::going : State::delivered;
    order.ordered = order.changed = rig.now + std::chrono::seconds{id};
    rig.book.restore(order, rig.now);
  }
  rig.pass(6s);
  CHECK_FALSE(rig.probes());
  CHECK(rig.state(1) == State::cancelled);
  CHECK(rig.state(2) == State::delivered);
}

TEST_CASE("Book: an ended order stays until it is forgotten, so that its end can be kept") {
  Rig rig;
  rig.connect(1);
  rig.order(rig.web1);
  rig.step(1, Step::refused, 1, "no");
  rig.order(rig.web1);
  REQUIRE(rig.book.find_order(1));
  CHECK(rig.seen.orders.contains(1));
  CHECK(rig.seen.replaced == Ids{1});
  rig.book.forget(rig.seen.replaced);
  CHECK_FALSE(rig.book.find_order(1));
  CHECK(rig.book.find_order(2));
}

TEST_CASE("Book: cancelling again gives a host that does not answer no more time") {
  Rig rig;
  rig.connect(1);
  rig.order(rig.web1);
  rig.step(1, Step::receipt);
  CHECK(rig.book.cancel(1, rig.now));
  rig.look();
  CHECK(rig.cancels(1) == 1);
  rig.pass(40s);
  CHECK(rig.book.cancel(1, rig.now));
  rig.look();
  CHECK(rig.cancels(1) == 1);
  rig.pass(20s);
  CHECK(rig.state() == State::timeout);
}

TEST_CASE("Book: a cancel that cannot be asked for ends the order in time") {
  Rig rig;
  rig.connect(1);
  rig.order(rig.web1);
  rig.lose(1);
  CHECK(rig.book.cancel(1, rig.now));
  rig.pass(59s);
  CHECK(rig.state() == State::ordered);
  rig.pass(1s);
  CHECK(rig.state() == State::cancelled);
}

TEST_CASE("Book: a line that is due is not taken for one that was taken away") {
  Rig rig;
  rig.book.order_by_line("192.0.2.9", {}, rig.now);
  rig.look();
  CHECK(rig.seen.lines_due == Lines{"192.0.2.9"});
  rig.lines({});
  CHECK(rig.state() == State::ordered);
  rig.book.lines_written({"192.0.2.9"});
  rig.lines({"192.0.2.9"});
  CHECK(rig.state() == State::ordered);
  rig.lines({});
  CHECK(rig.state() == State::cancelled);
}

TEST_CASE("Book: a plain client that left before it was told does not have the order") {
  Rig rig;
  rig.lines({"192.0.2.9"});
  rig.book.plain_connected(1, "192.0.2.9", rig.now);
  rig.lose(1);
  rig.told_yep();
  rig.book.plain_connected(2, "192.0.2.9", rig.now);
  rig.look();
  CHECK(rig.told_yep() == std::vector<SessionId>{2});
}

TEST_CASE(
    "Book: what an agent calls itself does not take the place of an address or an enrolled host") {
  Rig rig;
  rig.book.plain_connected(1, "10.9.9.9", rig.now);
  rig.book.agent_connected(2, "192.0.2.66", hello(machine_b, boot_1, "10.9.9.9"), false, rig.now);
  CHECK(rig.book.matching("10.9.9.9") == std::vector<HostKey>{key_of_address("10.9.9.9")});
  rig.book.agent_connected(3, "192.0.2.7", hello(machine_a, boot_1, "web1"), true, rig.now);
  rig.book.agent_connected(4, "192.0.2.67", hello(Id{'C'}, boot_1, "web1"), false, rig.now);
  CHECK(rig.book.matching("web1") == std::vector<HostKey>{rig.web1});
}

TEST_CASE("Book: invented hosts go when there are too many, those with an order stay") {
  Rig rig;
  rig.connect(1);
  rig.lose(1);
  rig.order(rig.web1);
  for (std::size_t i = 0; i < Book::hosts_max + 10; ++i) {
    Id machine{'x'};
    std::copy_n(reinterpret_cast<const char*>(&i), sizeof i, machine.begin() + 1);
    rig.now += 1ms;
    rig.book.agent_connected(i + 2, "192.0.2.66", hello(machine, boot_1), false, rig.now);
    rig.book.disconnected(i + 2, false, rig.now);
    rig.seen = {};
    rig.look();
  }
  CHECK(rig.book.hosts().size() <= Book::hosts_max + 1);
  CHECK(rig.book.find_host(rig.web1));
}

TEST_CASE("Book: an order that may have been had is never given to another boot") {
  Rig rig;
  rig.connect(1);
  rig.order(rig.web1);
  rig.lose(1);
  rig.connect(2, boot_2);
  CHECK(rig.state() == State::expired);
  CHECK(rig.offers(2).empty());
}

TEST_CASE("Book: on the server's own machine a goodbye is the proof, and no probe") {
  Rig rig;
  rig.connect(1, boot_1, machine_a, "127.0.0.1");
  rig.order(rig.web1);
  rig.step(1, Step::accepted);
  rig.book.goodbye(1, {1, ""}, rig.now);
  CHECK(rig.state() == State::going);
  rig.lose(1);
  rig.pass(5s);
  CHECK(rig.state() == State::down);
  CHECK_FALSE(rig.probes());
}

TEST_CASE("Book: on the server's own machine a lost connection proves nothing") {
  Rig rig;
  rig.connect(1, boot_1, machine_a, "127.0.0.1");
  rig.order(rig.web1);
  rig.step(1, Step::going);
  rig.lose(1);
  rig.pass(59s);
  CHECK(rig.state() == State::going);
  rig.pass(1s);
  CHECK(rig.state() == State::timeout);
}

TEST_CASE("Book: a goodbye for another reason than the order proves nothing") {
  Rig rig;
  rig.connect(1, boot_1, machine_a, "127.0.0.1");
  rig.order(rig.web1);
  rig.step(1, Step::accepted);
  rig.book.goodbye(1, {0, "stopped"}, rig.now);
  rig.lose(1);
  rig.pass(6s);
  CHECK(rig.state() == State::accepted);
}

TEST_CASE("Book: a refusal ends an order with its reason, also when the command failed") {
  Rig rig;
  rig.connect(1);
  rig.order(rig.web1);
  rig.step(1, Step::refused, 1, "backup runs");
  CHECK(rig.state() == State::refused);
  CHECK(rig.why() == "backup runs");
  CHECK(rig.order(rig.web1) == 2);
  rig.step(1, Step::going, 2);
  rig.step(1, Step::refused, 2, "the command exited with 1");
  CHECK(rig.state(2) == State::refused);
}

TEST_CASE("Book: a host has one active order") {
  Rig rig;
  rig.connect(1);
  CHECK(rig.order(rig.web1) == 1);
  CHECK(rig.order(rig.web1) == 1);
}

TEST_CASE("Book: an order that nobody takes expires, one that is not answered times out") {
  Rig rig;
  rig.connect(1);
  rig.lose(1);
  rig.order(rig.web1, {.issuer = {}, .reason = {}, .expire = 10s});
  CHECK(rig.book.next_tick() == rig.now + 10s);
  rig.pass(9s);
  CHECK(rig.state() == State::ordered);
  rig.pass(1s);
  CHECK(rig.state() == State::expired);
  rig.connect(2);
  CHECK(rig.offers(2).empty());
  rig.order(rig.web1);
  rig.step(2, Step::receipt, 2);
  rig.pass(60s);
  CHECK(rig.state(2) == State::timeout);
  CHECK(rig.why(2) == "no answer within 1m");
}

TEST_CASE("Book: a delayed order is told when it is due") {
  Rig rig;
  rig.connect(1);
  rig.order(rig.web1, {.issuer = {}, .reason = {}, .delay = 10s, .expire = 5s});
  CHECK(rig.offers(1).empty());
  CHECK(rig.book.next_tick() == rig.now + 10s);
  rig.pass(10s);
  CHECK(rig.offers(1) == Ids{1});
}

TEST_CASE("Book: cancelling asks an agent that has the order, and only it ends the order") {
  Rig rig;
  rig.connect(1);
  rig.order(rig.web1);
  rig.step(1, Step::receipt);
  CHECK(rig.book.cancel(1, rig.now));
  rig.look();
  CHECK(rig.cancels(1) == 1);
  CHECK(rig.state() == State::delivered);
  rig.step(1, Step::cancelled);
  CHECK(rig.state() == State::cancelled);
}

TEST_CASE("Book: cancelling before anybody has it is done at once, and too late once it goes") {
  Rig rig;
  rig.connect(1);
  rig.lose(1);
  rig.order(rig.web1);
  CHECK(rig.book.cancel(1, rig.now));
  CHECK(rig.state() == State::cancelled);
  Going going;
  CHECK_FALSE(going.book.cancel(1, going.now));
}

TEST_CASE("Book: a wish to cancel survives a lost connection") {
  Rig rig;
  rig.connect(1);
  rig.order(rig.web1);
  rig.step(1, Step::receipt);
  rig.lose(1);
  CHECK(rig.book.cancel(1, rig.now));
  rig.look();
  rig.seen = {};
  rig.connect(2);
  CHECK(rig.cancels(2) == 1);
}

TEST_CASE("Book: a restart of the server loses and repeats nothing") {
  Going before;
  Rig rig;
  rig.book.restore(*before.book.find_host(before.web1));
  rig.book.restore(*before.book.find_order(1), rig.now);
  SUBCASE("the host is gone") {
    rig.pass(5s);
    CHECK(rig.probes());
    rig.probed(false);
    CHECK(rig.state() == State::down);
  }
  SUBCASE("the agent is there still") {
    rig.connect(1);
    CHECK(rig.offers(1) == Ids{1});
    rig.pass(20s);
    CHECK(rig.state() == State::going);
  }
  SUBCASE("the host has booted meanwhile") {
    rig.connect(1, boot_2);
    CHECK(rig.offers(1).empty());
    CHECK(rig.state() == State::down);
  }
}

TEST_CASE("Book: a plain client whose address has a line is told once, and the line goes") {
  Rig rig;
  rig.lines({"192.0.2.9"});
  CHECK(rig.state() == State::ordered);
  rig.book.plain_connected(1, "192.0.2.9", rig.now);
  rig.look();
  CHECK(rig.told_yep() == std::vector<SessionId>{1});
  CHECK(rig.lines_done().empty());
  rig.book.yep_written(1, 1, rig.now);
  rig.look();
  CHECK(rig.state() == State::delivered);
  CHECK(rig.lines_done() == Lines{"192.0.2.9"});
  rig.lines({});
  rig.book.plain_connected(2, "192.0.2.9", rig.now);
  rig.look();
  CHECK(rig.told_yep().empty());
}

TEST_CASE("Book: a line that appears reaches every client and agent at that address") {
  Rig rig;
  rig.book.plain_connected(1, "192.0.2.9", rig.now);
  rig.book.plain_connected(2, "192.0.2.9", rig.now);
  rig.connect(3, boot_1, machine_a, "192.0.2.9");
  rig.connect(4, boot_1, machine_b, "192.0.2.8");
  rig.seen = {};
  rig.lines({"192.0.2.9"});
  const std::vector<Dispatch> sent = rig.seen.dispatches;
  CHECK(rig.told_yep() == std::vector<SessionId>{1, 2});
  rig.seen.dispatches = sent;
  CHECK(rig.offers(3).size() == 1);
  rig.seen.dispatches = sent;
  CHECK(rig.offers(4).empty());
}

TEST_CASE("Book: a line taken away before delivery cancels, and a later one orders again") {
  Rig rig;
  rig.lines({"192.0.2.9"});
  rig.lines({});
  CHECK(rig.state() == State::cancelled);
  rig.book.plain_connected(1, "192.0.2.9", rig.now);
  rig.look();
  CHECK(rig.told_yep().empty());
  rig.lines({"192.0.2.9"});
  CHECK(rig.told_yep() == std::vector<SessionId>{1});
}

TEST_CASE("Book: a line waits for an agent as well, and becomes that host's order") {
  Rig rig;
  rig.lines({"192.0.2.7"});
  rig.connect(1);
  CHECK(rig.offers(1) == Ids{1});
  CHECK(rig.book.find_order(1)->host == rig.web1);
  rig.step(1, Step::receipt);
  CHECK(rig.lines_done() == Lines{"192.0.2.7"});
}

TEST_CASE("Book: a line whose removal was lost in a crash is no second order") {
  Rig before;
  before.lines({"192.0.2.9"});
  before.book.plain_connected(1, "192.0.2.9", before.now);
  before.book.yep_written(1, 1, before.now);
  Rig rig;
  rig.book.restore(*before.book.find_order(1), rig.now);
  rig.lines({"192.0.2.9"});
  CHECK(rig.lines_done() == Lines{"192.0.2.9"});
  CHECK_FALSE(rig.book.find_order(2));
  rig.lines({});
  CHECK(rig.book.find_order(1)->line.empty());
}

TEST_CASE("Book: a client that is on no list is to be put on it") {
  Rig rig;
  rig.lines({"192.0.2.9"});
  rig.book.plain_connected(1, "192.0.2.9", rig.now);
  rig.book.plain_connected(2, "192.0.2.8", rig.now);
  rig.look();
  CHECK(rig.seen.seen == Lines{"192.0.2.8"});
}

TEST_CASE("Book: the same machine on a second connection ends the first") {
  Rig rig;
  rig.connect(1);
  rig.connect(2);
  REQUIRE(rig.seen.dispatches.size() == 1);
  CHECK(rig.seen.dispatches[0].session == 1);
  const bool leaves = rig.seen.dispatches[0].word == Dispatch::Word::leave;
  CHECK(leaves);
  rig.lose(1);
  CHECK(rig.book.is_connected(rig.web1));
}

TEST_CASE("Book: reports of others and of orders that are over change nothing") {
  Rig rig;
  rig.connect(1);
  rig.connect(2, boot_1, machine_b);
  rig.order(rig.web1);
  rig.step(2, Step::refused, 1, "not mine");
  rig.step(1, Step::going, 77);
  rig.step(99, Step::going, 1);
  CHECK(rig.state() == State::ordered);
  rig.step(1, Step::cancelled);
  rig.step(1, Step::going);
  CHECK(rig.state() == State::cancelled);
}

TEST_CASE("Book: a withdrawn order is told to nobody") {
  Rig rig;
  rig.connect(1);
  rig.seen = {};
  rig.book.order(rig.web1, {}, rig.now);
  rig.book.withdraw({1}, rig.seen);
  CHECK(rig.offers(1).empty());
  CHECK(rig.seen.orders.empty());
  CHECK(rig.seen.steps.empty());
  CHECK_FALSE(rig.book.find_order(1));
  CHECK(rig.order(rig.web1) == 2);
}

TEST_CASE("Book: names, machine ids and addresses find hosts, several if they fit") {
  Rig rig;
  rig.book.agent_connected(1, "192.0.2.7", hello(machine_a, boot_1, "web1.example"), false,
                           rig.now);
  rig.book.agent_connected(2, "192.0.2.8", hello(machine_b, boot_1, "WEB1"), false, rig.now);
  CHECK(rig.book.matching("web1").size() == 2);
  CHECK(rig.book.matching("web1.example") == std::vector<HostKey>{rig.web1});
  CHECK(rig.book.matching("192.0.2.8") == std::vector<HostKey>{key_of(machine_b)});
  CHECK(rig.book.matching(to_text(machine_a)) == std::vector<HostKey>{rig.web1});
  CHECK(rig.book.matching("nobody").empty());
}
