// Tests of a conversation between two peers, both sides of it, and of those who are not who they
// say they are.
#include "commands/presence/talk_machine.hpp"

#include <doctest/doctest.h>
#include <functional>
#include <optional>
#include <random>
#include <vector>

using namespace netkit;
using namespace netkit::presence;

namespace {

using Role = TalkMachine::Role;

const std::string certificate(32, 'c');

struct Heard final : TalkMachine::Hearer {
  Status meet(const Announcement& peer) override {
    met.push_back(peer);
    return trust;
  }
  Status deliver(const Announcement& peer, const Say& say) override {
    CHECK(peer.key == met.back().key);
    if (taking) said.emplace_back(say.text);
    return taking;
  }
  void acknowledged(std::uint64_t id) override { acks.push_back(id); }

  Status trust = ok;
  Status taking = ok;
  std::vector<Announcement> met;
  std::vector<std::string> said;
  std::vector<std::uint64_t> acks;
};

struct Side {
  Side(Role role, const std::string& name, std::uint64_t nonce, std::string shown = certificate,
       const std::string& announced = certificate)
      : machine{role, self(name, nonce, announced), std::move(shown), memory, hearer} {}

  TalkSelf self(const std::string& name, std::uint64_t nonce, const std::string& announced) const {
    Announcement said;
    said.name = name;
    said.tcp_port = 4000;
    said.certificate = announced;
    return {.pair = &pair, .said = said, .nonce = nonce};
  }

  identity::KeyPair pair = identity::KeyPair::make();
  TalkMemory memory;
  Heard hearer;
  TalkMachine machine;
};

/// Every frame of `bytes` to `to`; what it answers.
Result<std::string> feed(TalkMachine& to, std::string bytes) {
  const wire::FrameDecoder decoder{talk_frame_size_max};
  std::string out;
  std::span<char> unread{bytes};
  while (!unread.empty()) {
    const auto decoded = decoder.next(unread);
    if (!decoded) return decoded.error();
    if (!decoded->message) return Error{Errc::malformed};
    if (Status heard = to.hear(*decoded->message, out); !heard) return heard.error();
    unread = unread.subspan(decoded->used);
  }
  return out;
}

struct Pair {
  Side opener{Role::opener, "ana", 11};
  Side answerer{Role::answerer, "bert", 22};

  void open() {
    std::string hello;
    opener.machine.begin(hello);
    const auto answer = feed(answerer.machine, hello);
    REQUIRE(answer);
    const auto proof = feed(opener.machine, *answer);
    REQUIRE(proof);
    REQUIRE(opener.machine.is_open());
    CHECK_FALSE(answerer.machine.is_open());
    const auto nothing = feed(answerer.machine, *proof);
    REQUIRE(nothing);
    CHECK(nothing->empty());
    REQUIRE(answerer.machine.is_open());
  }
};

std::string said(std::uint64_t id, std::string_view text) {
  std::string out;
  append_say(out, {.id = id, .time_ms = 1, .text = text});
  return out;
}

}  // namespace

TEST_CASE("TalkMachine: two peers meet by name and key, say and acknowledge") {
  Pair pair;
  pair.open();
  CHECK(pair.opener.hearer.met.at(0).name == "bert");
  CHECK(pair.opener.hearer.met.at(0).key == pair.answerer.pair.public_key());
  CHECK(pair.answerer.hearer.met.at(0).name == "ana");
  CHECK(pair.answerer.machine.peer().key == pair.opener.pair.public_key());

  const auto acks = feed(pair.answerer.machine, said(5, "hello") + said(6, "again"));
  REQUIRE(acks);
  CHECK(pair.answerer.hearer.said == std::vector<std::string>{"hello", "again"});
  REQUIRE(feed(pair.opener.machine, *acks));
  CHECK(pair.opener.hearer.acks == std::vector<std::uint64_t>{5, 6});
  const auto other_way = feed(pair.opener.machine, said(1, "hello you"));
  REQUIRE(other_way);
  CHECK(pair.opener.hearer.said.size() == 1);
}

TEST_CASE("TalkMachine: a message that comes again is acknowledged and not delivered again") {
  Pair pair;
  pair.open();
  const auto acks = feed(pair.answerer.machine, said(5, "hello") + said(5, "hello"));
  REQUIRE(acks);
  CHECK(acks->size() == 2 * 24);
  CHECK(pair.answerer.hearer.said.size() == 1);
}

TEST_CASE("TalkMachine: what could not be delivered is not acknowledged, and may come again") {
  Pair pair;
  pair.open();
  pair.answerer.hearer.taking = Error{Errc::busy, "write"};
  CHECK(feed(pair.answerer.machine, said(5, "hello")).error().code == Errc::busy);
  pair.answerer.hearer.taking = ok;
  CHECK(feed(pair.answerer.machine, said(5, "hello")));
  CHECK(pair.answerer.hearer.said.size() == 1);
}

TEST_CASE("TalkMachine: the opener tells another key than it expects before it proves itself") {
  Pair pair;
  pair.opener.machine.expect(std::string(32, 'k'));
  std::string hello;
  pair.opener.machine.begin(hello);
  const auto answer = feed(pair.answerer.machine, hello);
  REQUIRE(answer);
  const auto proof = feed(pair.opener.machine, *answer);
  CHECK(proof.error().code == Errc::refused);
  CHECK(pair.opener.hearer.met.empty());
}

TEST_CASE("TalkMachine: a certificate that the peer does not vouch for is refused") {
  Side opener{Role::opener, "ana", 11, std::string(32, 'm')};
  Side answerer{Role::answerer, "bert", 22};
  std::string hello;
  opener.machine.begin(hello);
  const auto answer = feed(answerer.machine, hello);
  REQUIRE(answer);
  CHECK(feed(opener.machine, *answer).error().code == Errc::refused);
  CHECK(opener.hearer.met.empty());
}

TEST_CASE("TalkMachine: an answer to an ask by datagram, with the same nonce, is no proof") {
  Side opener{Role::opener, "ana", 11};
  Side answerer{Role::answerer, "bert", 22};
  std::string hello;
  opener.machine.begin(hello);
  REQUIRE(feed(answerer.machine, hello));
  Announcement stolen;
  stolen.kind = Kind::answer;
  stolen.name = "ana";
  stolen.nonce = 22;
  stolen.about = answerer.pair.public_key();
  std::string prove;
  append_prove(prove, encode(stolen, opener.pair), std::string(64, '\0'));
  CHECK(feed(answerer.machine, prove).error().code == Errc::refused);
  CHECK(answerer.hearer.met.empty());
}

TEST_CASE("TalkMachine: a right proof under an announcement about something else is refused") {
  using namespace std::string_literals;
  const auto verdict = [](const std::function<void(Announcement&)>& change) {
    const auto ana = identity::KeyPair::make();
    Side bert{Role::answerer, "bert", 22};
    std::string hello;
    append_hello(hello, {.nonce = 11, .key = ana.public_key()});
    REQUIRE(feed(bert.machine, hello));
    Announcement said;
    said.kind = Kind::answer;
    said.name = "ana";
    said.nonce = 22;
    said.about = bert.pair.public_key();
    change(said);
    const std::string proven = "netkit peer talk 1\0opener\0"s + "\0\0\0\0\0\0\0\x0b"s +
                               "\0\0\0\0\0\0\0\x16"s + ana.public_key() + bert.pair.public_key() +
                               certificate;
    std::string prove;
    append_prove(prove, encode(said, ana), ana.sign(proven));
    return bool{feed(bert.machine, prove)};
  };
  CHECK(verdict([](Announcement&) {}));
  CHECK_FALSE(verdict([](Announcement& said) { said.kind = Kind::announce; }));
  CHECK_FALSE(verdict([](Announcement& said) { said.nonce = 23; }));
  CHECK_FALSE(verdict([](Announcement& said) { said.about = std::string(32, 'x'); }));
  CHECK_FALSE(verdict([](Announcement& said) { said.about.clear(); }));
}

TEST_CASE("TalkMachine: a certificate that is of this connection but not announced is refused") {
  for (const std::string& announced : {std::string{}, std::string(32, 'x')}) {
    Side opener{Role::opener, "ana", 11};
    Side answerer{Role::answerer, "bert", 22, certificate, announced};
    std::string hello;
    opener.machine.begin(hello);
    const auto answer = feed(answerer.machine, hello);
    REQUIRE(answer);
    CHECK_FALSE(feed(opener.machine, *answer));
    CHECK(opener.hearer.met.empty());
  }
}

TEST_CASE("TalkMachine: a proof sent back to its maker proves nothing") {
  Side answerer{Role::answerer, "bert", 22};
  std::string hello;
  append_hello(hello, {.nonce = 22, .key = answerer.pair.public_key()});
  const auto answer = feed(answerer.machine, hello);
  REQUIRE(answer);
  const std::string prove = answer->substr(answer->find("\xF7NK", 1));
  CHECK(feed(answerer.machine, prove).error().code == Errc::refused);
}

TEST_CASE("TalkMachine: who is not trusted hears nothing more, and what it is told is short") {
  Pair pair;
  pair.opener.hearer.trust = Error{Errc::refused, "trust the peer bert"};
  std::string hello;
  pair.opener.machine.begin(hello);
  const auto answer = feed(pair.answerer.machine, hello);
  REQUIRE(answer);
  CHECK(feed(pair.opener.machine, *answer).error().message().find("bert") != std::string::npos);
  CHECK_FALSE(pair.opener.machine.is_open());
  std::string refusal;
  append_refusal(refusal, pair.opener.hearer.trust.error());
  CHECK(feed(pair.answerer.machine, refusal).error().code == Errc::refused);
  CHECK(pair.answerer.machine.was_refused());
}

TEST_CASE("TalkMachine: every frame has its time") {
  const std::string early = said(1, "early");
  Side answerer{Role::answerer, "bert", 22};
  CHECK(feed(answerer.machine, early).error().code == Errc::unexpected);
  Pair pair;
  std::string hello;
  pair.opener.machine.begin(hello);
  REQUIRE(feed(pair.answerer.machine, hello));
  CHECK(feed(pair.answerer.machine, early).error().code == Errc::unexpected);
  CHECK(feed(pair.answerer.machine, hello).error().code == Errc::unexpected);
  CHECK(pair.answerer.hearer.said.empty());
  Pair opened;
  opened.open();
  CHECK(feed(opened.answerer.machine, hello).error().code == Errc::unexpected);
  std::string goodbye;
  wire::append_frame(goodbye, {.type = wire::frame_type::goodbye, .body = {}});
  REQUIRE(feed(opened.answerer.machine, goodbye));
  CHECK(opened.answerer.machine.is_over());
  CHECK(feed(opened.answerer.machine, early).error().code == Errc::unexpected);
}

TEST_CASE("TalkMachine: each changed byte of a proof is refused") {
  for (std::size_t i = 0;; ++i) {
    Pair pair;
    std::string hello;
    pair.opener.machine.begin(hello);
    const auto answer = feed(pair.answerer.machine, hello);
    REQUIRE(answer);
    auto proof = feed(pair.opener.machine, *answer);
    REQUIRE(proof);
    if (16 + i >= proof->size()) break;
    (*proof)[16 + i] = static_cast<char>((*proof)[16 + i] ^ 0x04);
    CAPTURE(i);
    CHECK_FALSE(feed(pair.answerer.machine, *proof));
    CHECK(pair.answerer.hearer.met.empty());
  }
}

TEST_CASE("TalkMachine: random frames never open a conversation") {
  std::mt19937 random{3};
  for (int round = 0; round < 3000; ++round) {
    Side side{random() % 2 == 0 ? Role::opener : Role::answerer, "ana", 1};
    std::string out;
    for (int i = 0; i < 4; ++i) {
      std::string body(random() % 500, '\0');
      for (char& byte : body)
        byte = static_cast<char>(random());
      const auto type = static_cast<std::uint16_t>(random() % 40);
      if (!side.machine.hear({.type = type, .body = body}, out)) break;
    }
    CHECK_FALSE(side.machine.is_open());
    CHECK(side.hearer.said.empty());
  }
}

TEST_CASE("TalkMemory: holds the latest ids of each key, and the keys heard last") {
  TalkMemory memory;
  for (std::uint64_t id = 0; id < TalkMemory::ids_max + 10; ++id)
    memory.add("a", id);
  CHECK_FALSE(memory.holds("a", 9));
  CHECK(memory.holds("a", 10));
  CHECK(memory.holds("a", TalkMemory::ids_max + 9));
  CHECK_FALSE(memory.holds("b", 10));
  for (std::size_t i = 0; i < TalkMemory::keys_max - 1; ++i)
    memory.add("key " + std::to_string(i), 1);
  memory.add("a", 5000);
  memory.add("one more", 1);
  CHECK(memory.keys() == TalkMemory::keys_max);
  CHECK(memory.holds("a", 5000));
  CHECK_FALSE(memory.holds("key 0", 1));
}

TEST_CASE("TalkMemory: a key has its burst, then its rate, whatever others do") {
  using namespace std::chrono_literals;
  TalkMemory memory{50, 200};
  for (int i = 0; i <= 200; ++i) {
    CHECK(memory.wait("a", 1s).count() == 0);
    memory.take("a", 1s);
  }
  CHECK(memory.wait("a", 1s) > 15ms);
  CHECK(memory.wait("a", 1s) < 25ms);
  CHECK(memory.wait("b", 1s).count() == 0);
  CHECK(memory.wait("a", 2s).count() == 0);
}
