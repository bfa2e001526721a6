// Tests of the roster: news and repeats, states, names that clash, changes for subscribers, limits.
#include "commands/presence/roster.hpp"

#include <doctest/doctest.h>
#include <random>
#include <set>

using namespace netkit::presence;

namespace {

const asio::ip::address home = asio::ip::make_address("192.0.2.1");
const asio::ip::address other = asio::ip::make_address("192.0.2.2");

/// A peer whose key is its letter 32 times.
Announcement peer(char letter, const std::string& name, std::uint64_t sequence = 1,
                  std::uint64_t instance = 1000) {
  Announcement said;
  said.key = std::string(key_size, letter);
  said.name = name;
  said.sequence = sequence;
  said.instance = instance;
  said.tcp_port = 4000;
  return said;
}

Entry* hear(Roster& roster, const Announcement& said, std::uint64_t now_ms = 1,
            const asio::ip::address& from = home) {
  return roster.hear(said, "signed", from, Path::multicast, now_ms);
}

}  // namespace

TEST_CASE("Roster: a peer enters once, and repeats are no news") {
  Roster roster;
  const Entry* ana = hear(roster, peer('a', "ana"), 5);
  REQUIRE(ana != nullptr);
  CHECK(ana->state == State::online);
  CHECK(ana->since_ms == 5);
  CHECK(ana->addresses == std::vector{home});
  CHECK(hear(roster, peer('a', "ana")) == nullptr);
  CHECK(!roster.is_news(peer('a', "ana")));
  CHECK(roster.is_news(peer('a', "ana", 2)));
  const auto before = roster.version();
  CHECK(hear(roster, peer('a', "ana", 2), 9) == ana);
  CHECK(roster.version() == before);  // Nothing that is shown has changed.
  CHECK(ana->since_ms == 5);
  CHECK(ana->heard_ms == 9);
}

TEST_CASE("Roster: an older run says nothing any more, a newer one begins anew") {
  Roster roster;
  hear(roster, peer('a', "ana", 50, 2000), 1);
  CHECK(hear(roster, peer('a', "ana", 60, 1000), 2) == nullptr);
  Entry* again = hear(roster, peer('a', "ana", 1, 3000), 3, other);
  REQUIRE(again != nullptr);
  CHECK(again->since_ms == 3);
  CHECK(again->addresses == std::vector{other});
  CHECK(roster.size() == 1);
}

TEST_CASE("Roster: verdicts, words of its own and leaving") {
  Roster roster;
  Entry* ana = hear(roster, peer('a', "ana"), 1);
  roster.set_state(*ana, State::suspect, 2);
  roster.set_state(*ana, State::offline, 3);
  CHECK(ana->since_ms == 3);
  Announcement away = peer('a', "ana", 2);
  away.away = true;
  hear(roster, away, 4);
  CHECK(ana->state == State::away);
  roster.set_state(*ana, State::online, 5);
  CHECK(ana->state == State::away);  // It said so.
  CHECK(ana->since_ms == 4);
  Announcement leave = peer('a', "ana", 3);
  leave.kind = Kind::leave;
  hear(roster, leave, 6);
  CHECK(ana->state == State::left);
  CHECK(roster.count(State::left) == 1);
  leave.key = std::string(key_size, 'z');
  CHECK(hear(roster, leave, 7) == nullptr);
}

TEST_CASE("Roster: the first of a name keeps it, also while it is away") {
  Roster roster;
  Entry* first = hear(roster, peer('a', "Ana", 1, 2000));
  CHECK(shown_name(*first) == "Ana");
  // It says that its run began earlier, which anybody can say.
  Entry* second = hear(roster, peer('b', "ANA", 1, 1000));
  CHECK(shown_name(*second) == "ANA (2)");
  CHECK(shown_name(*first) == "Ana");
  Entry* third = hear(roster, peer('c', "ana", 1, 3000));
  CHECK(shown_name(*third) == "ana (3)");
  roster.set_state(*first, State::offline, 9);
  CHECK(shown_name(*second) == "ANA (2)");
  hear(roster, peer('a', "Ana", 1, 9000));  // The first starts again.
  CHECK(shown_name(*first) == "Ana");
  CHECK(roster.called("ana (3)") == std::vector<const Entry*>{third});
  CHECK(roster.called("ana").size() == 3);
  roster.forget(first->slot);
  CHECK(shown_name(*second) == "ANA");
  CHECK(shown_name(*third) == "ana (2)");
  hear(roster, peer('b', "bob", 2, 2000));
  CHECK(shown_name(*third) == "ana");
  CHECK(roster.called("nobody").empty());
}

TEST_CASE("Roster: a subscriber that follows the changes ends with the same roster") {
  std::mt19937 random{7};
  Roster roster;
  std::uint64_t seen = 0;
  std::map<std::string, std::string> copy;  // Key to what is shown.
  const auto shown = [](const Entry& entry) {
    return shown_name(entry) + " " + std::string{to_text(entry.state)};
  };
  std::uint64_t sequence = 1;
  for (int step = 0; step < 5'000; ++step) {
    const auto letter = static_cast<char>('a' + random() % 20);
    const std::string name(1, static_cast<char>('A' + random() % 6));
    Entry* entry = roster.find(std::string(key_size, letter));
    switch (random() % 4) {
      case 0: hear(roster, peer(letter, name, ++sequence), static_cast<std::uint64_t>(step)); break;
      case 1:
        if (entry != nullptr) roster.set_state(*entry, State::offline, 1);
        break;
      case 2:
        if (entry != nullptr) roster.set_state(*entry, State::suspect, 1);
        break;
      default:
        if (entry != nullptr && random() % 4 == 0) roster.forget(entry->slot);
    }
    if (random() % 10 != 0) continue;
    const auto forgotten = roster.forgotten_after(seen);
    REQUIRE(forgotten);
    for (const Roster::Forgotten& gone : *forgotten)
      copy.erase(gone.key);
    std::uint64_t last = seen;
    while (const Entry* changed = roster.next_after(last)) {
      copy[changed->said.key] = shown(*changed);
      last = changed->version;
    }
    seen = roster.version();
    REQUIRE(copy.size() == roster.size());
    for (const auto& [key, text] : copy)
      REQUIRE(text == shown(*roster.find(key)));
  }
}

TEST_CASE("Roster: full of those who are here it takes nobody, else the longest gone makes room") {
  Roster roster;
  const auto numbered = [](std::uint32_t number) {
    Announcement said = peer('x', "peer");
    said.key.replace(0, 8, std::to_string(10'000'000 + number));
    said.name = std::to_string(number);
    return said;
  };
  for (std::uint32_t i = 0; i < Roster::entries_max; ++i)
    REQUIRE(hear(roster, numbered(i)) != nullptr);
  CHECK(hear(roster, numbered(999'999)) == nullptr);
  roster.set_state(*roster.find(numbered(5).key), State::offline, 50);
  roster.set_state(*roster.find(numbered(6).key), State::offline, 40);
  CHECK(hear(roster, numbered(999'999)) != nullptr);
  CHECK(roster.find(numbered(6).key) == nullptr);
  CHECK(roster.find(numbered(5).key) != nullptr);
  roster.forget_gone(51);
  CHECK(roster.take_freed().size() == 2);
  CHECK(roster.size() == Roster::entries_max - 1);
}

TEST_CASE("Roster: a peer's addresses are the latest eight, each once") {
  Roster roster;
  std::uint64_t sequence = 0;
  Entry* ana = nullptr;
  for (int i = 1; i <= 20; ++i)
    ana = hear(roster, peer('a', "ana", ++sequence), 1,
               asio::ip::make_address("192.0.2." + std::to_string(i)));
  REQUIRE(ana != nullptr);
  CHECK(ana->addresses.size() == Roster::addresses_max);
  CHECK(ana->addresses.front() == asio::ip::make_address("192.0.2.20"));
  hear(roster, peer('a', "ana", ++sequence), 1, ana->addresses.back());
  CHECK(ana->addresses.size() == Roster::addresses_max);
  CHECK(std::set(ana->addresses.begin(), ana->addresses.end()).size() == Roster::addresses_max);
}

TEST_CASE("Roster: heard by several interfaces in turn, a peer has not moved") {
  Roster roster;
  const auto other = asio::ip::make_address("192.0.2.77");
  hear(roster, peer('a', "ana", 1), 1, home);
  Entry* const ana = hear(roster, peer('a', "ana", 2), 1, other);
  REQUIRE(ana != nullptr);
  const std::uint64_t version = roster.version();
  for (std::uint64_t sequence = 3; sequence < 9; ++sequence)
    hear(roster, peer('a', "ana", sequence), 1, sequence % 2 == 0 ? home : other);
  CHECK(roster.version() == version);
  CHECK(ana->addresses.front() == other);
  // Where it talks from counts.
  REQUIRE(roster.hear(peer('a', "ana", 9), "signed", home, Path::tcp, 1) != nullptr);
  CHECK(ana->addresses.front() == home);
  CHECK(roster.version() > version);
}
