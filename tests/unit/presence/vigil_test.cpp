// Tests of verdicts: silence, broken connections, questions, and a daemon that is itself cut off.
#include "commands/presence/vigil.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>

using namespace netkit::presence;
using namespace std::chrono_literals;
using Act = Vigil::Act;
using Orders = std::vector<Vigil::Order>;

namespace {

constexpr Vigil::Host here = Vigil::own_host;
constexpr Vigil::Host there = 1;

/// Runs the vigil from `from` to `to` as a loop would, and collects what it orders and when.
struct Told {
  Time at;
  Vigil::Order order;
};
std::vector<Told> run(Vigil& vigil, Time from, Time to) {
  std::vector<Told> told;
  for (Time now = from; now <= to;) {
    for (const Vigil::Order& order : vigil.tick(now))
      told.push_back({now, order});
    const Time next = vigil.next();
    if (next > to) break;
    now = std::max(now, next);
  }
  return told;
}

std::size_t count(const std::vector<Told>& told, Act act) {
  return static_cast<std::size_t>(
      std::ranges::count_if(told, [act](const Told& one) { return one.order.act == act; }));
}
Time when(const std::vector<Told>& told, Act act) {
  const auto found =
      std::ranges::find_if(told, [act](const Told& one) { return one.order.act == act; });
  return found == told.end() ? Time::max() : found->at;
}

}  // namespace

TEST_CASE("Vigil: who is heard each period is never suspected") {
  Vigil vigil;
  vigil.add(1, here, 0s);
  for (Time now = 0s; now < 100s; now += 1s) {
    vigil.heard(1, now);
    CHECK(run(vigil, now, now + 999ms).empty());
  }
}

TEST_CASE("Vigil: silence is suspected, asked about, and a verdict within the bound") {
  Vigil vigil;
  vigil.add(1, there, 10s);
  const auto told = run(vigil, 10s, 20s);
  CHECK(when(told, Act::suspect) == 11500ms);
  CHECK(when(told, Act::ask) == 11500ms);
  CHECK(when(told, Act::ask_others) == 11650ms);
  CHECK(when(told, Act::gone) == 12640ms);
  CHECK(when(told, Act::gone) <= 10s + vigil.bound());
  CHECK(vigil.bound() < 3s);
  CHECK(count(told, Act::gone) == 1);
  CHECK(vigil.watched() == 0);
}

TEST_CASE("Vigil: who answers a question is back, and its silence counts anew") {
  Vigil vigil;
  vigil.add(1, there, 0s);
  run(vigil, 0s, 2s);
  vigil.heard(1, 2s);
  const auto told = run(vigil, 2s, 10s);
  CHECK(when(told, Act::back) == 2s);
  CHECK(when(told, Act::gone) == 4640ms);
  vigil.heard(1, 11s);
  CHECK(when(run(vigil, 11s, 11s), Act::back) == 11s);
}

TEST_CASE("Vigil: a broken connection and a refused knock are a verdict at once") {
  Vigil vigil;
  vigil.add(1, there, 0s);
  vigil.broke(1, 300ms);
  auto told = run(vigil, 300ms, 310ms);
  CHECK(count(told, Act::knock) == 1);
  CHECK(count(told, Act::suspect) == 1);
  CHECK(count(told, Act::ask) == 1);
  vigil.knocked(1, true, 320ms);
  CHECK(when(run(vigil, 320ms, 1s), Act::gone) == 320ms);
}

TEST_CASE("Vigil: a broken connection without an answer is a verdict after 800 ms") {
  Vigil vigil;
  vigil.add(1, there, 0s);
  vigil.broke(1, 300ms);
  run(vigil, 300ms, 310ms);
  vigil.knocked(1, false, 320ms);
  CHECK(when(run(vigil, 320ms, 2s), Act::gone) == 1100ms);
}

TEST_CASE("Vigil: who lost its connection only, is heard by another path and stays") {
  Vigil vigil;
  vigil.add(1, there, 0s);
  vigil.broke(1, 300ms);
  run(vigil, 300ms, 400ms);
  vigil.heard(1, 450ms);
  vigil.knocked(1, true, 460ms);
  const auto told = run(vigil, 460ms, 1900ms);
  CHECK(count(told, Act::back) == 1);
  CHECK(count(told, Act::gone) == 0);
}

TEST_CASE("Vigil: cut off from two machines nobody is declared, and they get time afterwards") {
  Vigil vigil;
  vigil.add(1, 1, 0s);
  vigil.add(2, 2, 100ms);
  vigil.add(3, here, 100ms);
  const auto told = run(vigil, 100ms, 60s);
  CHECK(vigil.is_isolated());
  CHECK(count(told, Act::suspect) == 3);
  CHECK(count(told, Act::gone) == 1);  // The one on this machine.
  CHECK(told.size() < 300);
  vigil.heard(2, 60s);
  const auto later = run(vigil, 60s, 70s);
  CHECK(!vigil.is_isolated());
  CHECK(when(later, Act::back) == 60s);
  CHECK(when(later, Act::gone) >= 61s);  // 1 had a chance to answer.
  CHECK(count(later, Act::gone) == 2);
}

TEST_CASE("Vigil: one machine that dies with all its peers is not a network that is cut") {
  Vigil vigil;
  for (Vigil::Peer peer = 1; peer <= 9; ++peer)
    vigil.add(peer, 7, 0s);
  const auto told = run(vigil, 0s, 5s);
  CHECK(count(told, Act::gone) == 9);
}

TEST_CASE("Vigil: two machines silent while a third is heard are gone") {
  Vigil vigil;
  vigil.add(1, 1, 0s);
  vigil.add(2, 2, 0s);
  vigil.add(3, 3, 0s);
  std::size_t gone = 0;
  for (Time now = 0s; now < 5s; now += 500ms) {
    vigil.heard(3, now);
    gone += count(run(vigil, now, now + 499ms), Act::gone);
  }
  CHECK(gone == 2);
}

TEST_CASE("Vigil: without an interface the only other machine is not declared either") {
  Vigil vigil;
  vigil.add(1, 1, 0s);
  vigil.network(false, 500ms);
  CHECK(count(run(vigil, 500ms, 20s), Act::gone) == 0);
  CHECK(vigil.is_isolated());
  vigil.network(true, 20s);
  const auto told = run(vigil, 20s, 30s);
  CHECK(when(told, Act::gone) >= 21s);
  CHECK(count(told, Act::gone) == 1);
}

TEST_CASE("Vigil: the gone are asked again, less and less often") {
  Vigil vigil;
  vigil.add_gone(1, there, 0s);
  const auto told = run(vigil, 0s, 24h);
  CHECK(told.front().at == 5s);
  CHECK(told.size() > 100);
  CHECK(told.size() < 160);
  CHECK(told.back().at - told[told.size() - 2].at == 10min);
  vigil.heard(1, 25h);
  CHECK(when(run(vigil, 25h, 25h), Act::back) == 25h);
  CHECK(vigil.watched() == 1);
}

TEST_CASE("Vigil: many peers stretch the period, and the bound says so") {
  Vigil vigil;
  for (Vigil::Peer peer = 0; peer < 10'000; ++peer)
    vigil.add(peer, peer, 0s);
  CHECK(vigil.period() == 12s);
  CHECK(vigil.bound() == 26550ms);
  for (Vigil::Peer peer = 0; peer < 9'500; ++peer)
    vigil.remove(peer);
  CHECK(vigil.period() == 1200ms);
  CHECK(vigil.watched() == 500);
}

TEST_CASE("Vigil: whatever happens in whatever order, each verdict is told once and in turn") {
  std::mt19937 random{20260101};
  Vigil vigil;
  std::map<Vigil::Peer, bool> here_now;
  Time now = 1s;
  for (int step = 0; step < 20'000; ++step) {
    const auto peer = static_cast<Vigil::Peer>(random() % 12);
    switch (random() % 8) {
      case 0:
        if (!here_now.contains(peer)) {
          vigil.add(peer, peer % 4, now);
          here_now[peer] = true;
        }
        break;
      case 1: vigil.broke(peer, now); break;
      case 2: vigil.knocked(peer, random() % 2 == 0, now); break;
      case 3: vigil.network(random() % 4 != 0, now); break;
      case 4:
        if (random() % 8 == 0) {
          vigil.remove(peer);
          here_now.erase(peer);
        }
        break;
      default: vigil.heard(peer, now);
    }
    for (const Vigil::Order& order : vigil.tick(now)) {
      REQUIRE(here_now.contains(order.peer));
      if (order.act == Act::gone) {
        REQUIRE(here_now[order.peer]);
        here_now[order.peer] = false;
      }
      if (order.act == Act::back) here_now[order.peer] = true;
    }
    now += std::chrono::milliseconds{random() % 900};
  }
  std::size_t watched = 0;
  for (const auto& [peer, is_here] : here_now)
    watched += is_here ? 1 : 0;
  CHECK(vigil.watched() == watched);
}

TEST_CASE("Vigil: thousands that fall silent at once are asked in pieces") {
  Vigil vigil;
  for (Vigil::Peer peer = 0; peer < 5000; ++peer)
    vigil.add_suspect(peer, Vigil::own_host, 0s);
  std::size_t asked = 0;
  std::size_t ticks = 0;
  for (; asked < 5000 && ticks < 100; ++ticks) {
    CHECK(vigil.next() <= 0s);
    const auto orders = vigil.tick(0s);
    CHECK(orders.size() < 300);
    asked +=
        static_cast<std::size_t>(std::ranges::count(orders, Vigil::Act::ask, &Vigil::Order::act));
  }
  CHECK(asked == 5000);
  CHECK(ticks > 10);
}
