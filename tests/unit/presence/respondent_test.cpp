// What a peer answers, and what it passes on.
#include "commands/presence/respondent.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace netkit;
using namespace netkit::presence;
using namespace std::chrono_literals;

namespace {

/// Anybody who says something.
struct Somebody {
  explicit Somebody(std::string name) : words{pair, named(std::move(name))} {}
  static Announcement named(std::string name) {
    Announcement self;
    self.name = std::move(name);
    self.instance = 7;
    self.tcp_port = 4000;
    return self;
  }

  identity::KeyPair pair = identity::KeyPair::make();
  OwnWords words;
};

const auto there = asio::ip::make_address("192.0.2.7");

AskFor asks_for(std::string question) {
  AskFor ask;
  ask.request = 3;
  ask.port = 4001;
  ask.addresses = {there};
  ask.question = std::move(question);
  return ask;
}

}  // namespace

TEST_CASE("OwnWords: each is the same peer's, signed, with a sequence of its own") {
  Somebody ana{"ana"};
  const std::string first = ana.words.say(Kind::announce);
  const std::string second = ana.words.say(Kind::answer, 5, std::string(32, 'b'));
  CHECK(is_authentic(first));
  CHECK(is_authentic(second));
  const auto said = decode(second);
  REQUIRE(said);
  CHECK(said->kind == Kind::answer);
  CHECK(said->key == ana.pair.public_key());
  CHECK(said->name == "ana");
  CHECK(said->instance == 7);
  CHECK(said->nonce == 5);
  CHECK(said->about == std::string(32, 'b'));
  CHECK(said->sequence == decode(first)->sequence + 1);
  ana.words.set_away(true);
  CHECK(ana.words.next().away);
  CHECK(ana.words.next().sequence == said->sequence + 2);
}

TEST_CASE("Respondent: an ask to its key is answered to who asked, with the nonce") {
  Somebody ana{"ana"};
  Somebody bert{"bert"};
  Respondent respondent{ana.words};
  const auto heard = respondent.hear(bert.words.say(Kind::ask, 99, ana.words.key()), there, 1s);
  REQUIRE_FALSE(heard.answer.empty());
  CHECK_FALSE(heard.asks_all);
  CHECK(is_authentic(heard.answer));
  const auto answer = decode(heard.answer);
  REQUIRE(answer);
  CHECK(answer->kind == Kind::answer);
  CHECK(answer->nonce == 99);
  CHECK(answer->about == bert.words.key());
  CHECK(answer->tcp_port == 4000);
  const auto all = respondent.hear(bert.words.say(Kind::ask, 100), there, 1s);
  CHECK_FALSE(all.answer.empty());
  CHECK(all.asks_all);
}

TEST_CASE("Respondent: what is not for it, forged, short or its own gets no answer") {
  Somebody ana{"ana"};
  Somebody bert{"bert"};
  Somebody carl{"carl"};
  Respondent respondent{ana.words};
  const auto answers = [&](const std::string& datagram) {
    return !respondent.hear(datagram, there, 1s).answer.empty();
  };
  CHECK_FALSE(answers("noise"));
  CHECK_FALSE(answers(bert.words.say(Kind::ask, 1, carl.words.key())));
  CHECK_FALSE(answers(ana.words.say(Kind::ask, 1, ana.words.key())));
  CHECK_FALSE(answers(bert.words.say(Kind::announce)));
  CHECK_FALSE(answers(bert.words.say(Kind::leave)));
  CHECK_FALSE(answers(bert.words.say(Kind::answer, 1, ana.words.key())));
  std::string forged = bert.words.say(Kind::ask, 1, ana.words.key());
  forged[48] = static_cast<char>(forged[48] ^ 1);
  CHECK_FALSE(answers(forged));
  // No longer than an answer: whoever forged its sender would gain.
  std::string announced = bert.words.say(Kind::announce, 1, ana.words.key());
  announced[5] = static_cast<char>(Kind::ask);
  CHECK(announced.size() < ask_size_min);
  CHECK_FALSE(answers(announced));
  CHECK(answers(bert.words.say(Kind::ask, 1, ana.words.key())));
}

TEST_CASE("Respondent: who asks too often is not answered, others are") {
  Somebody ana{"ana"};
  Somebody bert{"bert"};
  Respondent respondent{ana.words};
  std::size_t answered = 0;
  for (int i = 0; i < 400; ++i)
    if (!respondent.hear(bert.words.say(Kind::ask, 1, ana.words.key()), there, 1s).answer.empty())
      ++answered;
  CHECK(answered >= static_cast<std::size_t>(SenderLimit::burst));
  CHECK(answered <= static_cast<std::size_t>(SenderLimit::burst) + 1);
  const auto elsewhere = asio::ip::make_address("192.0.2.8");
  const std::string ask = bert.words.say(Kind::ask, 1, ana.words.key());
  CHECK_FALSE(respondent.hear(ask, elsewhere, 1s).answer.empty());
}

TEST_CASE("Respondent: carries the daemon's question and passes on its answer alone") {
  Somebody ana{"ana"};
  Somebody bert{"bert"};
  Somebody daemon{"daemon"};
  Respondent respondent{ana.words};
  const AskFor ask = asks_for(daemon.words.say(Kind::ask, 42, bert.words.key()));
  REQUIRE(respondent.carry(ask, daemon.words.key(), 1s));
  const std::string& to = daemon.words.key();
  // Another nonce, another one's answer, one about somebody else, a forged one.
  Somebody carl{"carl"};
  CHECK_FALSE(respondent.hear(bert.words.say(Kind::answer, 41, to), there, 1s).passed);
  CHECK_FALSE(respondent.hear(carl.words.say(Kind::answer, 42, to), there, 1s).passed);
  CHECK_FALSE(respondent.hear(bert.words.say(Kind::answer, 42, ana.words.key()), there, 1s).passed);
  std::string forged = bert.words.say(Kind::answer, 42, to);
  forged.back() = static_cast<char>(forged.back() ^ 1);
  CHECK_FALSE(respondent.hear(forged, there, 1s).passed);

  const std::string answer = bert.words.say(Kind::answer, 42, to);
  const auto heard = respondent.hear(answer, there, 2s);
  REQUIRE(heard.passed);
  CHECK(heard.answer.empty());
  CHECK(heard.passed->request == 3);
  CHECK(heard.passed->answer == answer);
  CHECK_FALSE(respondent.hear(bert.words.say(Kind::answer, 42, to), there, 2s).passed);
}

TEST_CASE("Respondent: an answer that comes too late is not passed on") {
  Somebody ana{"ana"};
  Somebody bert{"bert"};
  Somebody daemon{"daemon"};
  Respondent respondent{ana.words};
  const AskFor ask = asks_for(daemon.words.say(Kind::ask, 42, bert.words.key()));
  REQUIRE(respondent.carry(ask, daemon.words.key(), 1s));
  const std::string answer = bert.words.say(Kind::answer, 42, daemon.words.key());
  CHECK_FALSE(respondent.hear(answer, there, 1s + Respondent::carry_limit).passed);
}

TEST_CASE("Respondent: carries nothing but questions of that daemon about others, and not many") {
  Somebody ana{"ana"};
  Somebody bert{"bert"};
  Somebody daemon{"daemon"};
  Respondent respondent{ana.words};
  const auto carries = [&](std::string question) {
    return respondent.carry(asks_for(std::move(question)), daemon.words.key(), 1s);
  };
  CHECK_FALSE(carries("noise"));
  CHECK_FALSE(carries(daemon.words.say(Kind::announce, 1, bert.words.key())));
  CHECK_FALSE(carries(daemon.words.say(Kind::ask, 1)));
  CHECK_FALSE(carries(daemon.words.say(Kind::ask, 1, ana.words.key())));
  CHECK_FALSE(carries(bert.words.say(Kind::ask, 1, bert.words.key())));
  for (std::size_t i = 0; i < Respondent::carried_max; ++i)
    REQUIRE(carries(daemon.words.say(Kind::ask, i + 1, bert.words.key())));
  CHECK_FALSE(carries(daemon.words.say(Kind::ask, 5000, bert.words.key())));
}
