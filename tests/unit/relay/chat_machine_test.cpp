// Chat's machine against relays that are lost at every possible moment.
#include "commands/relay/chat_machine.hpp"

#include <doctest/doctest.h>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace netkit;
using namespace netkit::relay;
using namespace std::chrono_literals;

namespace {

class Notes final : public ChatMachine::Hearer {
 public:
  void entered(const ChatWelcome& welcome) override { welcomes.push_back(welcome); }
  void said(const Said& said, bool own) override {
    heard.push_back(std::string{said.nick} + (own ? "*: " : ": ") + std::string{said.text});
  }
  void event(const Event& event) override { events.push_back(sentence_of(event)); }
  void refused(std::uint64_t number, const Error& why) override {
    refusals.push_back(std::to_string(number) + " " + why.message());
  }
  void answer(int tag, const Result<wire::Json>& answer) override {
    answers.push_back(std::to_string(tag) + (answer ? " ok" : " " + answer.error().message()));
  }

  std::vector<ChatWelcome> welcomes;
  std::vector<std::string> heard, events, answers, refusals;
};

struct Sent {
  std::uint16_t type = 0;
  std::uint32_t stream = 0;
  std::string body;
};

std::vector<Sent> sent_by(ChatMachine& machine) {
  std::string bytes = machine.take_output();
  std::vector<Sent> all;
  std::size_t used = 0;
  while (used < bytes.size()) {
    const auto decoded = wire::FrameDecoder{1 << 20}.next(std::span{bytes}.subspan(used));
    REQUIRE(decoded);
    REQUIRE(decoded->message);
    all.push_back(
        {decoded->message->type, decoded->message->stream, std::string{decoded->message->body}});
    used += decoded->used;
  }
  return all;
}

ChatWish wish() {
  return {.nick = "anna", .room = "lobby", .history = 0, .secret = std::string(64, 'a')};
}

constexpr std::string_view welcome_of_a =
    R"({"id":1,"ok":true,"relay":"a","nick":"anna","sender":"00000000000000aa","known":0,)"
    R"("text_max":100,"ack":"memory","rooms":[],"have":{"0000000000000001":40}})";

void answer(ChatMachine& machine, std::uint32_t stream, std::string_view json, Instant now = 0s) {
  CHECK(machine.take({.type = frame_type::answer, .stream = stream, .body = json}, now));
}

/// A machine that has entered relay a.
void enter(ChatMachine& machine) {
  machine.greeted(0s);
  CHECK(sent_by(machine).size() == 1);
  answer(machine, 1, welcome_of_a);
  REQUIRE(machine.is_in());
}

void hear(ChatMachine& machine, const Said& said, Instant now = 0s) {
  std::string bytes;
  append_said(bytes, said);
  const auto decoded = wire::FrameDecoder{1 << 20}.next(bytes);
  CHECK(machine.take(*decoded->message, now));
}

Said line(std::uint64_t seq, std::uint64_t sender, std::uint64_t number, std::string_view text) {
  Said said;
  said.id = {1, seq};
  said.sender = sender;
  said.number = number;
  said.room = "lobby";
  said.nick = sender == 0xaa ? "anna" : "bert";
  said.text = text;
  return said;
}

/// A relay that takes what it is sent until it is lost, and keeps a log of its own.
struct Relay {
  struct Entry {
    RecordId id;
    std::uint64_t number;
    std::string text;
  };
  std::uint64_t log = 0;
  std::vector<Entry> entries;  // Of both logs, in the order of delivery.
  std::uint64_t known = 0;
  std::uint64_t seq = 0;

  void take(std::uint64_t number, const std::string& text) {
    if (number <= known) return;
    CHECK(number == known + 1);  // In the sender's order, without a hole.
    known = number;
    entries.push_back({{log, ++seq}, number, text});
  }
  void learn(const Entry& entry) {
    if (entry.number <= known) return;
    known = entry.number;
    entries.push_back(entry);
  }
};

/// Lets the machine enter `relay`, which takes `take` of its messages and returns `give` of what
/// the client has not seen, with `acks` or none.
void converse(ChatMachine& machine, Relay& relay, std::size_t take, std::size_t give, bool acks,
              Instant now) {
  machine.greeted(now);
  std::vector<Sent> sent = sent_by(machine);
  REQUIRE(sent.size() == 1);
  const auto request = wire::Json::parse(sent[0].body);
  REQUIRE(request);
  std::map<std::string, std::int64_t> seen;
  if (const wire::Json* const given = request->find("seen"))
    for (std::size_t i = 0; i < given->keys().size(); ++i)
      seen[given->keys()[i]] = *given->values()[i].integer();
  JsonObject welcome;
  welcome.add("ok", true).add("relay", "r").add("nick", "anna").add("known", relay.known);
  welcome.add("sender", "00000000000000aa").add("ack", "memory");
  answer(machine, sent[0].stream, welcome.str(), now);

  for (const Sent& each : sent_by(machine)) {
    if (take-- == 0) break;
    const auto saying = decode_saying({.type = each.type, .body = each.body});
    REQUIRE(saying);
    relay.take(saying->number, std::string{saying->text});
  }
  for (const Relay::Entry& entry : relay.entries) {
    if (entry.id.seq <= static_cast<std::uint64_t>(seen[to_hex16(entry.id.log)])) continue;
    if (give-- == 0) break;
    Said said = line(entry.id.seq, 0xaa, entry.number, entry.text);
    said.id = entry.id;
    hear(machine, said, now);
  }
  std::string ack;
  append_ack(ack, relay.known);
  if (acks) CHECK(machine.take({.type = frame_type::ack, .body = ack.substr(16)}, now));
}

}  // namespace

TEST_CASE("ChatMachine: enters with nick, room, history and secret") {
  Notes notes;
  ChatWish with_history = wish();
  with_history.history = 20;
  with_history.events = true;
  ChatMachine machine{with_history, notes};
  machine.greeted(0s);
  const std::vector<Sent> sent = sent_by(machine);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].type == 16);
  CHECK(sent[0].stream == 1);
  CHECK(sent[0].body == R"({"do":"enter","secret":")" + std::string(64, 'a') +
                            R"(","events":true,"nick":"anna",)"
                            R"("rooms":[{"room":"lobby","history":20}]})");
}

TEST_CASE("ChatMachine: what is said before there is a relay is sent once it lets us in") {
  Notes notes;
  ChatMachine machine{wish(), notes};
  CHECK(machine.say("lobby", "first"));
  CHECK(machine.tell("bert", "second"));
  CHECK_FALSE(machine.has_output());
  enter(machine);
  REQUIRE(notes.welcomes.size() == 1);
  CHECK_FALSE(notes.welcomes[0].again);
  const std::vector<Sent> sent = sent_by(machine);
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].type == 18);
  CHECK(sent[1].type == 19);
  CHECK(decode_saying({.type = 19, .body = sent[1].body})->to == "bert");
  CHECK(machine.unacknowledged() == 2);
}

TEST_CASE("ChatMachine: resumes where it was, in the rooms it is in, without history") {
  Notes notes;
  ChatWish with_history = wish();
  with_history.history = 20;
  ChatMachine machine{with_history, notes};
  enter(machine);
  hear(machine, line(41, 0xbb, 1, "hi"), 1s);
  hear(machine, line(42, 0xbb, 2, "hi"), 2s);
  machine.joined("kitchen");
  machine.parted("lobby");
  machine.lost(60s);
  CHECK_FALSE(machine.is_in());
  machine.greeted(61s);
  CHECK(sent_by(machine)[0].body == R"({"do":"enter","secret":")" + std::string(64, 'a') +
                                        R"(","events":false,"nick":"anna",)"
                                        R"("rooms":[{"room":"kitchen"}],)"
                                        R"("seen":{"0000000000000001":42}})");
}

TEST_CASE("ChatMachine: shows each message once and tells its own") {
  Notes notes;
  ChatMachine machine{wish(), notes};
  enter(machine);
  CHECK(machine.say("lobby", "mine"));
  hear(machine, line(41, 0xbb, 1, "hi"));
  hear(machine, line(41, 0xbb, 1, "hi"));
  CHECK_FALSE(machine.is_heard());
  hear(machine, line(42, 0xaa, 1, "mine"));
  std::string ack;
  append_ack(ack, 1);
  CHECK(machine.take({.type = frame_type::ack, .body = ack.substr(16)}, 0s));
  CHECK(notes.heard == std::vector<std::string>{"bert: hi", "anna*: mine"});
  CHECK(machine.is_heard());
}

TEST_CASE("ChatMachine: a window of unacknowledged messages, and texts of the relay's limit") {
  Notes notes;
  ChatMachine machine{wish(), notes};
  enter(machine);
  CHECK(machine.say("lobby", std::string(101, 'x')).error().code == Errc::too_large);
  for (std::size_t i = 0; i < ChatMachine::window; ++i)
    CHECK(machine.say("lobby", "x"));
  CHECK_FALSE(machine.may_say());
  CHECK(machine.say("lobby", "x").error().code == Errc::busy);
}

TEST_CASE("ChatMachine: questions and answers go by number; a loss answers them all") {
  Notes notes;
  ChatMachine machine{wish(), notes};
  CHECK(machine.ask(1, JsonObject{}.add("do", "who")).error().code == Errc::closed);
  enter(machine);
  CHECK(machine.ask(7, JsonObject{}.add("do", "who")));
  CHECK(machine.ask(8, JsonObject{}.add("do", "rooms")));
  CHECK(machine.ask(9, JsonObject{}.add("do", "rooms")));
  const std::vector<Sent> sent = sent_by(machine);
  REQUIRE(sent.size() == 3);
  answer(machine, sent[1].stream, R"({"ok":true,"rooms":[]})");
  answer(machine, sent[0].stream, R"({"ok":false,"attempt":"tell","hint":"no"})");
  answer(machine, 99, R"({"ok":true})");
  machine.lost(0s);
  REQUIRE(notes.answers.size() == 3);
  CHECK(notes.answers[0] == "8 ok");
  CHECK(notes.answers[1].starts_with("7 cannot tell"));
  CHECK(notes.answers[2].starts_with("9 cannot hear from the relay"));
}

TEST_CASE("ChatMachine: a refusal, a goodbye and what cannot be read end the connection") {
  Notes notes;
  ChatMachine machine{wish(), notes};
  machine.greeted(0s);
  const std::string_view no = R"({"ok":false,"attempt":"enter","hint":"banned","value":9})";
  CHECK(machine.take({.type = frame_type::answer, .stream = 1, .body = no}, 0s).error().code ==
        Errc::refused);
  CHECK(machine.take({.type = wire::frame_type::error, .body = "full\x1b"}, 0s)
            .error()
            .message()
            .ends_with("(full\\x1b)"));
  CHECK(machine.take({.type = wire::frame_type::goodbye, .body = {}}, 0s).error().code ==
        Errc::closed);
  for (const std::uint16_t type : {frame_type::said, frame_type::told, frame_type::ack})
    CHECK_FALSE(machine.take({.type = type, .body = "x"}, 0s));
  CHECK_FALSE(machine.take({.type = frame_type::answer, .stream = 1, .body = "{"}, 0s));
  CHECK_FALSE(
      machine.take({.type = frame_type::answer, .stream = 1, .body = R"({"ok":true})"}, 0s));
  CHECK_FALSE(machine.is_in());
}

TEST_CASE("ChatMachine: answers a ping, and what it does not know it leaves alone") {
  Notes notes;
  ChatMachine machine{wish(), notes};
  CHECK(machine.take({.type = wire::frame_type::ping, .body = "abc"}, 0s));
  const std::vector<Sent> sent = sent_by(machine);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].type == 5);
  CHECK(sent[0].body == "abc");
  CHECK(machine.take({.type = 999, .body = "abc"}, 0s));
  CHECK(machine.take({.type = frame_type::event, .body = R"({"event":"new"})"}, 0s));
  CHECK(notes.events.empty());
}

TEST_CASE("ChatMachine: what a relay knows is safe unless it says that less is") {
  for (const bool memory : {true, false}) {
    Notes notes;
    ChatMachine machine{wish(), notes};
    for (const char* text : {"1", "2", "3"})
      CHECK(machine.say("lobby", text));
    machine.greeted(0s);
    CHECK(sent_by(machine).size() == 1);
    const std::string welcome = R"({"ok":true,"nick":"anna","sender":"00000000000000aa","known":2)";
    answer(machine, 1, welcome + (memory ? "}" : R"(,"acked":1})"));
    CHECK(sent_by(machine).size() == 1);
    CHECK(machine.unacknowledged() == (memory ? 1 : 2));
  }
}

TEST_CASE("ChatMachine: what the relay does not take is told and waited for no longer") {
  Notes notes;
  ChatMachine machine{wish(), notes};
  enter(machine);
  for (const char* text : {"1", "2", "3"})
    CHECK(machine.say("lobby", text));
  const std::string_view no = R"({"id":0,"ok":false,"number":3,"attempt":"say","hint":"muted"})";
  answer(machine, 0, no);
  answer(machine, 0, no);
  answer(machine, 0, R"({"id":0,"ok":false,"number":99})");
  CHECK(notes.refusals.size() == 1);
  CHECK(machine.unacknowledged() == 2);
  std::string ack;
  append_ack(ack, 2);
  CHECK(machine.take({.type = frame_type::ack, .body = ack.substr(16)}, 0s));
  CHECK(machine.unacknowledged() == 0);
  CHECK(machine.acknowledged() == 3);
  CHECK(machine.say("lobby", "4"));
  machine.lost(0s);
  machine.greeted(0s);
  CHECK(sent_by(machine).size() == 1);
  answer(machine, 2, R"({"ok":true,"nick":"a","sender":"00000000000000aa","known":0})");
  CHECK(sent_by(machine).size() == 3);
}

TEST_CASE("ChatMachine: a relay that takes less gets none that are too long for it") {
  Notes notes;
  ChatMachine machine{wish(), notes};
  CHECK(machine.say("lobby", std::string(101, 'x')));
  CHECK(machine.say("lobby", "short"));
  enter(machine);
  CHECK(sent_by(machine).size() == 1);
  CHECK(notes.refusals.size() == 1);
  CHECK(machine.unacknowledged() == 1);
}

TEST_CASE("ChatMachine: rooms are called as the relay calls them") {
  Notes notes;
  ChatMachine machine{wish(), notes};
  machine.greeted(0s);
  answer(machine, 1,
         R"({"ok":true,"nick":"a","sender":"00000000000000aa","rooms":[{"room":"low"},{}]})");
  CHECK(machine.rooms() == std::vector<std::string>{"low"});
}

TEST_CASE("ChatMachine: a relay lost at any point loses nothing and doubles nothing") {
  // The first relay takes, returns and passes on as many as each combination says, then is gone.
  constexpr std::size_t count = 5;
  for (std::size_t taken = 0; taken <= count; ++taken)
    for (std::size_t returned = 0; returned <= taken; ++returned)
      for (std::size_t passed_on = 0; passed_on <= taken; ++passed_on)
        for (const bool acked : {false, true}) {
          CAPTURE(taken);
          CAPTURE(returned);
          CAPTURE(passed_on);
          CAPTURE(acked);
          Notes notes;
          ChatMachine machine{wish(), notes};
          for (std::size_t i = 1; i <= count; ++i)
            CHECK(machine.say("lobby", std::to_string(i)));
          Relay first{.log = 1, .entries = {}};
          Relay second{.log = 2, .entries = {}};
          converse(machine, first, taken, returned, acked, 0s);
          machine.lost(1s);
          for (std::size_t i = 0; i < passed_on; ++i)
            second.learn(first.entries[i]);
          converse(machine, second, SIZE_MAX, SIZE_MAX, true, 2s);

          std::vector<std::string> all;
          for (const Relay::Entry& entry : second.entries)
            all.push_back(entry.text);
          CHECK(all == std::vector<std::string>{"1", "2", "3", "4", "5"});
          CHECK(notes.heard == std::vector<std::string>{"anna*: 1", "anna*: 2", "anna*: 3",
                                                        "anna*: 4", "anna*: 5"});
          CHECK(machine.is_heard());
        }
}

TEST_CASE("ChatMachine: relays lost in turn, over and over, and back at the first") {
  Notes notes;
  ChatMachine machine{wish(), notes};
  Relay relays[2]{{.log = 1, .entries = {}}, {.log = 2, .entries = {}}};
  std::vector<std::string> all;
  for (int turn = 0; turn < 40; ++turn) {
    for (int i = 0; i < 3; ++i) {
      all.push_back(std::to_string(all.size()));
      CHECK(machine.say("lobby", all.back()));
    }
    Relay& here = relays[turn % 2];
    const Instant now = turn * 10s;
    converse(machine, here, static_cast<std::size_t>(turn % 5), static_cast<std::size_t>(turn % 3),
             turn % 7 != 0, now);
    machine.lost(now + 1s);
    for (const Relay::Entry& entry : here.entries)
      relays[(turn + 1) % 2].learn(entry);
  }
  converse(machine, relays[0], SIZE_MAX, SIZE_MAX, true, 500s);
  CHECK(machine.unacknowledged() == 0);
  std::vector<std::string> kept, heard;
  for (const Relay::Entry& entry : relays[0].entries)
    kept.push_back(entry.text);
  for (const std::string& each : notes.heard)
    heard.push_back(each.substr(7));
  CHECK(kept == all);
  CHECK(heard == all);
}
