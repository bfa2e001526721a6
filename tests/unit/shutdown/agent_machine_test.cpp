// Tests of what an agent decides: the steps of an order, what stands against one, cancels and
// reconnects at any point, and that no order is carried out twice whatever is interleaved.
#include "commands/shutdown/agent_machine.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <random>
#include <set>

using namespace netkit;
using namespace netkit::shutdown;
using namespace std::chrono_literals;

namespace {

constexpr Id boot{1, 2, 3};
constexpr Id other_boot{9};
constexpr Instant start = 1000s;

AgentRules rules() {
  return {.boot = boot, .host = "web1", .confirm_host = {}, .command = "poweroff"};
}

OrderOffer order(OrderId id) {
  return {.order = id, .boot = boot, .issuer = "root", .reason = "ups"};
}

std::string to_text(const Tell& tell) {
  if (const auto* bye = std::get_if<Goodbye>(&tell.message))
    return "goodbye " + std::to_string(bye->order);
  const auto& progress = std::get<Progress>(tell.message);
  const char* const names[] = {"receipt", "accepted", "refused", "going", "cancelled"};
  return names[static_cast<std::size_t>(progress.step)] + std::string{" "} +
         std::to_string(progress.order) + (progress.why.empty() ? "" : " " + progress.why);
}
std::string to_text(const CheckInhibitors&) {
  return "[inhibitors]";
}
std::string to_text(const RunHooks&) {
  return "[hooks]";
}
std::string to_text(const StopHooks&) {
  return "[stop hooks]";
}
std::string to_text(const StartCommand&) {
  return "[start]";
}
std::string to_text(const End& end) {
  return end.outcome ? "[end]" : "[end: " + end.outcome.error().code.message() + "]";
}
std::string to_text(const Note&) {
  return {};
}

/// All deeds but notes, in one line.
std::string said(const Deeds& deeds) {
  std::string line;
  for (const Deed& deed : deeds) {
    const std::string text = std::visit([](const auto& each) { return to_text(each); }, deed);
    if (!text.empty()) line += (line.empty() ? "" : ", ") + text;
  }
  return line;
}

/// A machine whose order 7 runs already.
AgentMachine running(AgentRules with = rules()) {
  AgentMachine machine{std::move(with)};
  machine.received(order(7), start);
  machine.inhibitors_checked(7, {}, start);
  machine.hooks_ended(7, {}, start);
  machine.command_begun(7, ok);
  return machine;
}

}  // namespace

TEST_CASE("AgentMachine: an order goes through inhibitors and hooks to the command") {
  AgentMachine machine{rules()};
  CHECK(said(machine.connected()).empty());
  CHECK(said(machine.received(order(7), start)) == "receipt 7, [inhibitors]");
  CHECK(said(machine.inhibitors_checked(7, {}, start)) == "[hooks]");
  CHECK(said(machine.hooks_ended(7, {}, start)) == "accepted 7, [start]");
  CHECK(said(machine.command_begun(7, ok)) == "going 7");
  CHECK(said(machine.command_ended(7, {})).empty());
  CHECK(said(machine.stopped()) == "goodbye 7, [end]");
}

TEST_CASE("AgentMachine: force passes over inhibitors, not over hooks") {
  AgentMachine machine{rules()};
  OrderOffer forced = order(7);
  forced.force = true;
  CHECK(said(machine.received(forced, start)) == "receipt 7, [hooks]");
}

TEST_CASE("AgentMachine: what stands against an order is the reason of its refusal") {
  AgentMachine machine{rules()};
  machine.received(order(1), start);
  CHECK(said(machine.inhibitors_checked(1, "backup inhibits it", start)) ==
        "refused 1 backup inhibits it");
  machine.received(order(2), start);
  machine.inhibitors_checked(2, {}, start);
  CHECK(said(machine.hooks_ended(2, "10-db exited with 1", start)) ==
        "refused 2 10-db exited with 1");
  machine.received(order(3), start);
  machine.inhibitors_checked(3, {}, start);
  machine.hooks_ended(3, {}, start);
  const Error full{std::make_error_code(std::errc::no_space_on_device), "note it"};
  CHECK(said(machine.command_begun(3, full)) ==
        "refused 3 cannot note it: No space left on device");
  CHECK(said(machine.stopped()) == "goodbye 0, [end]");
}

TEST_CASE("AgentMachine: a command that fails is refused after going, and goodbye names no order") {
  AgentMachine machine = running();
  CHECK(said(machine.command_ended(7, "exited with 1")) == "refused 7 exited with 1");
  CHECK(said(machine.received(order(7), start)) == "refused 7 exited with 1");
  CHECK(said(machine.connected()) == "refused 7 exited with 1");
  CHECK(said(machine.stopped()) == "goodbye 0, [end]");
}

TEST_CASE("AgentMachine: refuses an order for another boot, without an id, or beside another") {
  AgentMachine machine{rules()};
  OrderOffer foreign = order(1);
  foreign.boot = other_boot;
  CHECK(
      said(machine.received(foreign, start)).starts_with("receipt 1, refused 1 the order is for"));
  CHECK(said(machine.received(order(0), start)).find("refused 0 an order without") !=
        std::string::npos);
  machine.received(order(2), start);
  CHECK(said(machine.received(order(3), start)) ==
        "receipt 3, refused 3 the order 0000000000000002 is under way");
  // None of this is remembered: the same id may become an order of ours.
  machine.received(CancelOffer{2});
  CHECK(said(machine.received(order(3), start)) == "receipt 3, [inhibitors]");
}

TEST_CASE("AgentMachine: an order that expires before its command begins is refused") {
  OrderOffer brief = order(7);
  brief.valid_for_ms = 1000;
  AgentMachine machine{rules()};
  machine.received(brief, start);
  CHECK(said(machine.inhibitors_checked(7, {}, start + 999ms)) == "[hooks]");
  CHECK(said(machine.hooks_ended(7, {}, start + 1000ms)) == "refused 7 the order has expired");
  CHECK(said(machine.received(brief, start)) == "refused 7 the order has expired");
}

TEST_CASE("AgentMachine: a validity beyond every clock is no expiry") {
  OrderOffer lasting = order(7);
  lasting.valid_for_ms = UINT64_MAX;
  AgentMachine machine{rules()};
  CHECK(said(machine.received(lasting, start)) == "receipt 7, [inhibitors]");
  CHECK(said(machine.inhibitors_checked(7, {}, start + 9000h)) == "[hooks]");
}

TEST_CASE("AgentMachine: --confirm-host refuses under any other name") {
  AgentRules strict = rules();
  strict.confirm_host = "web2";
  AgentMachine machine{strict};
  CHECK(said(machine.received(order(7), start))
            .starts_with("receipt 7, refused 7 this host is web1"));
  strict.confirm_host = "WEB1";
  AgentMachine same{strict};
  CHECK(said(same.received(order(7), start)) == "receipt 7, [inhibitors]");
}

TEST_CASE("AgentMachine: a dry run goes through everything and says what it would run") {
  AgentRules dry = rules();
  dry.dry_run = true;
  AgentMachine machine{dry};
  machine.received(order(7), start);
  machine.inhibitors_checked(7, {}, start);
  CHECK(said(machine.hooks_ended(7, {}, start)) == "refused 7 dry run: would run poweroff");
}

TEST_CASE("AgentMachine: the same order again is answered by what is known of it") {
  AgentMachine machine{rules()};
  machine.received(order(7), start);
  CHECK(said(machine.received(order(7), start)) == "receipt 7");
  machine.inhibitors_checked(7, {}, start);
  CHECK(said(machine.received(order(7), start)) == "receipt 7");
  machine.hooks_ended(7, {}, start);
  CHECK(said(machine.received(order(7), start)) == "receipt 7, accepted 7");
  machine.command_begun(7, ok);
  CHECK(said(machine.received(order(7), start)) == "going 7");
  CHECK(said(machine.connected()) == "going 7");
  machine.command_ended(7, {});
  CHECK(said(machine.received(order(7), start)) == "going 7");
  CHECK(said(machine.connected()) == "going 7");
}

TEST_CASE("AgentMachine: an order of an agent before this one is not carried out again") {
  AgentMachine machine{rules()};
  machine.remember_started(7, {});
  machine.remember_started(8, "exited with 1");
  CHECK(said(machine.received(order(7), start)) == "going 7");
  CHECK(said(machine.received(order(8), start)) == "refused 8 exited with 1");

  AgentMachine late{rules()};
  late.received(order(7), start);
  late.inhibitors_checked(7, {}, start);
  late.hooks_ended(7, {}, start);
  CHECK(said(late.command_was_begun(7, {})) == "going 7");
  CHECK(said(late.stopped()) == "goodbye 7, [end]");
}

TEST_CASE("AgentMachine: once a command has ended without effect another order may follow") {
  AgentMachine machine = running();
  CHECK(said(machine.received(order(8), start)) ==
        "receipt 8, refused 8 the order 0000000000000007 is under way");
  machine.command_ended(7, {});
  CHECK(said(machine.received(order(8), start)) == "receipt 8, [inhibitors]");
}

TEST_CASE("AgentMachine: a cancel is in time until the command starts") {
  AgentMachine machine{rules()};
  machine.received(order(1), start);
  CHECK(said(machine.received(CancelOffer{1})) == "cancelled 1");
  CHECK(said(machine.inhibitors_checked(1, {}, start)).empty());
  CHECK(said(machine.received(order(1), start)) == "cancelled 1");

  machine.received(order(2), start);
  machine.inhibitors_checked(2, {}, start);
  CHECK(said(machine.received(CancelOffer{2})) == "cancelled 2, [stop hooks]");
  CHECK(said(machine.hooks_ended(2, {}, start)).empty());

  machine.received(order(3), start);
  machine.inhibitors_checked(3, {}, start);
  machine.hooks_ended(3, {}, start);
  CHECK(said(machine.received(CancelOffer{3})).empty());
  CHECK(said(machine.command_begun(3, ok)) == "going 3");
  CHECK(said(machine.received(CancelOffer{3})) == "going 3");
}

TEST_CASE("AgentMachine: a cancel that overtakes its order holds it back") {
  AgentMachine machine{rules()};
  CHECK(said(machine.received(CancelOffer{7})) == "cancelled 7");
  CHECK(said(machine.received(order(7), start)) == "cancelled 7");
}

TEST_CASE("AgentMachine: --once ends with what the first order came to") {
  AgentRules once = rules();
  once.once = true;
  AgentMachine done = running(once);
  CHECK(said(done.command_ended(7, {})) == "goodbye 7, [end]");
  CHECK(said(done.received(order(8), start)).empty());

  AgentMachine failed = running(once);
  CHECK(said(failed.command_ended(7, "exited with 1")) ==
        "refused 7 exited with 1, goodbye 0, [end: stopped]");

  AgentMachine refused{once};
  OrderOffer foreign = order(1);
  foreign.boot = other_boot;
  CHECK(said(refused.received(foreign, start)).find("[end") == std::string::npos);
  refused.received(order(7), start);
  CHECK(said(refused.inhibitors_checked(7, "no", start)) ==
        "refused 7 no, goodbye 0, [end: refused]");

  once.dry_run = true;
  AgentMachine dry{once};
  dry.received(order(7), start);
  dry.inhibitors_checked(7, {}, start);
  CHECK(said(dry.hooks_ended(7, {}, start)) ==
        "refused 7 dry run: would run poweroff, goodbye 0, [end]");
}

TEST_CASE("AgentMachine: a signal stops hooks, and names an order that is starting") {
  AgentMachine hooks{rules()};
  hooks.received(order(7), start);
  hooks.inhibitors_checked(7, {}, start);
  CHECK(said(hooks.stopped()) == "[stop hooks], goodbye 0, [end]");
  CHECK(said(hooks.hooks_ended(7, {}, start)).empty());
  CHECK(said(hooks.stopped()).empty());

  AgentMachine starting{rules()};
  starting.received(order(7), start);
  starting.inhibitors_checked(7, {}, start);
  starting.hooks_ended(7, {}, start);
  CHECK(said(starting.stopped()) == "goodbye 7, [end]");
}

TEST_CASE("AgentMachine: whatever is interleaved, an order's command begins at most once") {
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    std::mt19937 random{seed};
    const auto one_of = [&](unsigned count) { return static_cast<unsigned>(random() % count); };
    std::set<OrderId> claims;           // What is on disk: it outlives an agent.
    std::map<OrderId, unsigned> begun;  // How often each command really began.
    std::set<OrderId> held_back;        // Answered `cancelled` to.
    AgentMachine machine{rules()};
    std::deque<Deed> work;
    const auto take = [&](const Deeds& deeds) {
      for (const Deed& deed : deeds) {
        work.push_back(deed);
        const auto* tell = std::get_if<Tell>(&deed);
        const auto* told = tell ? std::get_if<Progress>(&tell->message) : nullptr;
        if (told && told->step == Step::cancelled) held_back.insert(told->order);
      }
    };
    for (int step = 0; step < 60; ++step) {
      const OrderId id = 1 + one_of(3);
      const std::string why = one_of(4) == 0 ? "no" : "";
      switch (one_of(8)) {
        case 0:
        case 1:
        case 2: take(machine.received(order(id), start)); break;
        case 3:
          if (one_of(4) == 0) take(machine.received(CancelOffer{id}));
          break;
        case 4: take(machine.connected()); break;
        case 5:
          if (one_of(6) > 0) break;
          machine = AgentMachine{rules()};  // kill -9, and a new one.
          // A child that was forked takes its claim or dies before a new agent can connect.
          for (const Deed& deed : work)
            if (const auto* forked = std::get_if<StartCommand>(&deed); forked && one_of(2) == 0)
              if (claims.insert(forked->order.order).second) ++begun[forked->order.order];
          work.clear();
          held_back.clear();
          for (const OrderId each : claims)
            if (one_of(2) == 0) machine.remember_started(each, {});
          break;
        default: break;
      }
      if (work.empty() || one_of(2) == 0) continue;
      const Deed deed = work.front();
      work.pop_front();
      if (const auto* check = std::get_if<CheckInhibitors>(&deed))
        take(machine.inhibitors_checked(check->order.order, why, start));
      if (const auto* hooks = std::get_if<RunHooks>(&deed))
        take(machine.hooks_ended(hooks->order.order, why, start));
      if (const auto* command = std::get_if<StartCommand>(&deed)) {
        const OrderId starts = command->order.order;
        if (!claims.insert(starts).second) {
          take(machine.command_was_begun(starts, {}));
          continue;
        }
        CHECK_FALSE(held_back.contains(starts));
        ++begun[starts];
        take(machine.command_begun(starts, ok));
        if (one_of(2) == 0) take(machine.command_ended(starts, why));
      }
    }
    for (const auto& [id, times] : begun)
      REQUIRE_MESSAGE(times == 1, "order ", id, " began ", times, " times with seed ", seed);
  }
}
