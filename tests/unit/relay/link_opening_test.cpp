// The opening of a link with what others may make of it, and who may link.
#include "commands/relay/link_opening.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"
#include "base/json.hpp"
#include "commands/relay/link_rules.hpp"

namespace netkit::relay {
namespace {

using Side = LinkOpening::Side;
using wire::Frame;

LinkParty party(const identity::KeptKey& key, std::string name, LogId log, char nonce) {
  return {.name = std::move(name),
          .log = log,
          .public_key = key.public_key(),
          .nonce = std::string(link_nonce_size, nonce)};
}

/// The frame that `bytes` are.
Frame frame_of(const std::string& bytes) {
  const std::string_view body = std::string_view{bytes}.substr(wire::frame_header_size);
  return {.type = static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[5])), .body = body};
}

/// Two relays, and what they have sent each other.
struct Pair {
  explicit Pair(std::string mark_seen_by_anna = "mark", std::string mark_of_bert = "mark")
      : anna{Side::connecting, party(anna_key, "anna", 0xa, 'a'), anna_key,
             std::move(mark_seen_by_anna)},
        bert{Side::accepting, party(bert_key, "bert", 0xb, 'b'), bert_key,
             std::move(mark_of_bert)} {}

  Status greet() {
    anna.append_hello(hello);
    if (Status heard = bert.hear_hello(frame_of(hello), answer); !heard) return heard;
    std::string nothing;
    return anna.hear_hello(frame_of(answer), nothing);
  }
  Status prove(std::string_view token = {}) {
    anna.append_proof(proof, token);
    return bert.hear_proof(frame_of(proof));
  }

  identity::KeptKey anna_key = identity::KeptKey::make();
  identity::KeptKey bert_key = identity::KeptKey::make();
  LinkOpening anna;
  LinkOpening bert;
  std::string hello;
  std::string answer;
  std::string proof;
};

TEST_CASE("LinkOpening: both sides know each other in the end") {
  Pair pair;
  REQUIRE(pair.greet());
  REQUIRE(pair.prove("nk_token"));
  CHECK(pair.anna.peer().name == "bert");
  CHECK(pair.anna.peer().log == 0xb);
  CHECK(pair.bert.peer().name == "anna");
  CHECK(pair.bert.peer().public_key == pair.anna_key.public_key());
  CHECK(pair.bert.token() == "nk_token");
  CHECK(asks_for_link(frame_of(pair.hello)));
  CHECK_FALSE(asks_for_link(frame_of(pair.proof)));
}

TEST_CASE("LinkOpening: the hello is as documented") {
  const identity::KeptKey key = identity::KeptKey::make();
  const LinkOpening opening{Side::connecting, party(key, "anna", 0x0102030405060708, 'a'), key, ""};
  std::string hello;
  opening.append_hello(hello);
  CHECK(frame_of(hello).body ==
        R"({"service":"relay-link","version":1,"name":"anna","log":"0102030405060708","key":")" +
            to_hex(key.public_key()) +
            R"(","nonce":"6161616161616161616161616161616161616161616161616161616161616161"})");
}

TEST_CASE("LinkOpening: a proof that was made for another server is refused") {
  Pair pair{"the certificate of a man in the middle", "mark"};
  const Status greeted = pair.greet();
  REQUIRE_FALSE(greeted);
  CHECK(greeted.error().code == Errc::refused);
  CHECK(greeted.error().message().find("cannot believe that this is relay bert") == 0);
}

TEST_CASE("LinkOpening: a proof of an earlier opening is refused") {
  Pair earlier;
  REQUIRE(earlier.greet());
  REQUIRE(earlier.prove());
  LinkOpening bert{Side::accepting, party(earlier.bert_key, "bert", 0xb, 'B'), earlier.bert_key,
                   "mark"};
  std::string answer;
  REQUIRE(bert.hear_hello(frame_of(earlier.hello), answer));
  CHECK(bert.hear_proof(frame_of(earlier.proof)).error().code == Errc::refused);
}

TEST_CASE("LinkOpening: a proof that a third relay passes on is refused") {
  // Anna links to Eve, who shows to Bert what Anna showed to her.
  Pair with_eve;
  const identity::KeptKey bert_key = identity::KeptKey::make();
  LinkOpening bert{Side::accepting, party(bert_key, "bert", 0xb, 'b'), bert_key, "mark"};
  REQUIRE(with_eve.greet());
  REQUIRE(with_eve.prove());
  std::string answer;
  REQUIRE(bert.hear_hello(frame_of(with_eve.hello), answer));
  CHECK(bert.hear_proof(frame_of(with_eve.proof)).error().code == Errc::refused);
}

TEST_CASE("LinkOpening: the accepting side's own proof does not come back as the other's") {
  const identity::KeptKey key = identity::KeptKey::make();
  LinkOpening bert{Side::accepting, party(key, "bert", 0xb, 'b'), key, "mark"};
  // The same key under another log, as a mirror would have it.
  const LinkOpening mirror{Side::connecting, party(key, "bert", 0xc, 'b'), key, "mark"};
  std::string hello;
  mirror.append_hello(hello);
  std::string answer;
  REQUIRE(bert.hear_hello(frame_of(hello), answer));
  const std::string body{frame_of(answer).body};
  const std::size_t at = body.find("\"proof\":\"") + 9;
  const std::string json = JsonObject{}.add("proof", body.substr(at, 128)).str();
  const Frame proof{.type = frame_type::link_proof, .body = json};
  CHECK(bert.hear_proof(proof).error().code == Errc::refused);
}

TEST_CASE("LinkOpening: a link to ourselves is refused in words") {
  const identity::KeptKey key = identity::KeptKey::make();
  const LinkOpening out{Side::connecting, party(key, "anna", 7, 'a'), key, ""};
  LinkOpening in{Side::accepting, party(key, "anna", 7, 'b'), key, ""};
  std::string hello;
  out.append_hello(hello);
  std::string answer;
  const Status heard = in.hear_hello(frame_of(hello), answer);
  REQUIRE_FALSE(heard);
  CHECK(heard.error().attempt == "link to itself");
  CHECK(answer.empty());
}

TEST_CASE("LinkOpening: hellos and proofs cut short anywhere are refused") {
  Pair pair;
  REQUIRE(pair.greet());
  REQUIRE(pair.prove());
  std::string out;
  for (const std::string& whole : {pair.hello, pair.answer, pair.proof}) {
    Frame frame = frame_of(whole);
    const std::string_view body = frame.body;
    for (std::size_t size = 0; size < body.size(); ++size) {
      frame.body = body.substr(0, size);
      CHECK_FALSE(pair.bert.hear_hello(frame, out));
      CHECK_FALSE(pair.bert.hear_proof(frame));
    }
  }
}

TEST_CASE("LinkOpening: any other answer than the one that was signed is refused") {
  Pair pair;
  REQUIRE(pair.greet());
  const std::string good{frame_of(pair.answer).body};
  const std::pair<std::string_view, Errc> changes[] = {
      {"\"version\":", Errc::wrong_version}, {"\"log\":\"", Errc::refused},
      {"\"key\":\"", Errc::refused},         {"\"nonce\":\"", Errc::refused},
      {"\"proof\":\"", Errc::refused},       {"\"service\":\"", Errc::unexpected}};
  for (const auto& [before, expected] : changes) {
    std::string body = good;
    char& letter = body[body.find(before) + before.size()];
    letter = letter == '1' ? '2' : '1';
    INFO(body);
    std::string out;
    const Frame changed{.type = wire::frame_type::hello, .body = body};
    const Status heard = pair.anna.hear_hello(changed, out);
    REQUIRE_FALSE(heard);
    CHECK(heard.error().code == expected);
  }
}

TEST_CASE("LinkOpening: names that would not be shown as they are, and long ones, are refused") {
  const identity::KeptKey key = identity::KeptKey::make();
  for (const std::string& name : {std::string{}, std::string{"a\nb"}, std::string{"\u202Eabc"},
                                  std::string(65, 'a'), std::string{"back\\slash"}}) {
    const LinkOpening out{Side::connecting, party(key, name, 7, 'a'), key, ""};
    std::string hello;
    out.append_hello(hello);
    Pair pair;
    std::string answer;
    CHECK(pair.bert.hear_hello(frame_of(hello), answer).error().code == Errc::malformed);
  }
}

TEST_CASE("LinkRules: whom we link to") {
  const identity::KeptKey key = identity::KeptKey::make();
  const LinkParty peer = party(key, "bert", 1, 'b');
  const LinkWay tls{};
  const LinkWay clear{.exposed = true};
  const LinkWay local{.local = true};
  const LinkWay pinned{.pinned = true};
  const LinkRules none{};
  const LinkRules named{.keys = {key.fingerprint()}};
  const LinkRules other{.keys = {identity::KeptKey::make().fingerprint()}};
  CHECK(may_link_to(none, peer, tls));
  CHECK(may_link_to(none, peer, local));
  CHECK_FALSE(may_link_to(none, peer, clear));
  CHECK_FALSE(may_link_to(named, peer, clear));
  CHECK(may_link_to({.keys = {}, .insecure = true}, peer, clear));
  CHECK(may_link_to(named, peer, tls));
  CHECK(may_link_to(other, peer, pinned));
  for (const LinkWay& way : {tls, local}) {
    const Status refused = may_link_to(other, peer, way);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() ==
          "cannot trust relay bert: refused (its link key is none of "
          "--link-key: " +
              key.fingerprint() + ")");
  }
}

TEST_CASE("LinkRules: whom we let in") {
  const identity::KeptKey key = identity::KeptKey::make();
  const LinkParty peer = party(key, "bert", 1, 'b');
  const LinkWay tls{};
  const LinkWay clear{.exposed = true};
  const LinkWay local{.local = true};
  const LinkRules none{};
  const LinkRules named{.keys = {key.fingerprint()}};
  const LinkRules other{.keys = {identity::KeptKey::make().fingerprint()}};
  const auto entry = [&](const LinkRules& rules, const LinkWay& way, bool asks, bool shows) {
    const Result<Entry> got = may_link_from(rules, peer, way, asks, shows);
    if (!got) return std::string{"no"};
    return std::string{*got == Entry::granted ? "yes" : "token"};
  };
  CHECK(entry(none, local, false, false) == "yes");
  CHECK(entry(none, tls, false, false) == "no");
  CHECK(entry(none, clear, true, true) == "no");
  CHECK(entry(none, local, true, false) == "no");
  CHECK(entry(none, tls, true, true) == "token");
  CHECK(entry(none, tls, false, true) == "no");
  CHECK(entry(named, tls, true, false) == "yes");
  CHECK(entry(named, clear, false, false) == "no");
  CHECK(entry(other, local, false, false) == "no");
  CHECK(entry(other, tls, true, true) == "token");
  CHECK(entry({.keys = {}, .insecure = true}, clear, true, false) == "yes");
}

}  // namespace
}  // namespace netkit::relay
