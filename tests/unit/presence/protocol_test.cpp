// Tests of the presence messages: each comes back as it went, and none survives being cut.
#include "commands/presence/protocol.hpp"

#include <doctest/doctest.h>
#include <random>

#include "wire/frame.hpp"

using namespace netkit;
using namespace netkit::presence;

namespace {

std::string body_of(std::string frame, std::uint16_t type) {
  const wire::FrameDecoder decoder{message_size_max};
  const auto decoded = decoder.next(frame);
  REQUIRE(decoded);
  REQUIRE(decoded->message);
  CHECK(decoded->message->type == type);
  CHECK(decoded->used == frame.size());
  return std::string{decoded->message->body};
}

Entry an_entry() {
  const auto pair = identity::KeyPair::make();
  Announcement said;
  said.name = "ana";
  said.instance = 5;
  said.sequence = 6;
  said.tcp_port = 4000;
  Entry entry;
  entry.bytes = encode(said, pair);
  entry.said = *decode(entry.bytes);
  entry.state = State::suspect;
  entry.path = Path::tcp;
  entry.number = 2;
  entry.since_ms = 7;
  entry.heard_ms = 8;
  entry.first_instance = 6;
  entry.version = 9;
  entry.addresses = {asio::ip::make_address("192.0.2.1"), asio::ip::make_address("fe80::1%3")};
  return entry;
}

}  // namespace

TEST_CASE("presence protocol: hellos") {
  std::string out;
  append_hello(out, ClientHello{Role::daemon, "nk1-token"});
  const auto client = decode_client_hello(body_of(out, wire::frame_type::hello));
  REQUIRE(client);
  CHECK(client->role == Role::daemon);
  CHECK(client->token == "nk1-token");
  out.clear();
  append_hello(out, ServerHello{"hall", std::string(32, 'k'), 0x0102030405060708, 1000, 77});
  const auto server = decode_server_hello(body_of(out, wire::frame_type::hello));
  REQUIRE(server);
  CHECK(server->name == "hall");
  CHECK(server->key == std::string(32, 'k'));
  CHECK(server->nonce == 0x0102030405060708);
  CHECK(server->period_ms == 1000);
  CHECK(server->instance == 77);
  CHECK(decode_client_hello(R"({"service":"relay","version":1})").error().code == Errc::unexpected);
  CHECK(decode_client_hello(R"({"service":"presence","version":2})").error().code ==
        Errc::wrong_version);
  CHECK(!decode_client_hello(R"({"service":"presence","version":1,"role":"king"})"));
  CHECK(!decode_server_hello(R"({"service":"presence","version":1,"key":"00","nonce":"00"})"));
}

TEST_CASE("presence protocol: an entry comes back as it went, and not when it is cut") {
  const Entry entry = an_entry();
  std::string out;
  append_entry(out, entry);
  const std::string body = body_of(out, message_type::entry);
  const auto read = decode_entry(body);
  REQUIRE(read);
  CHECK(read->said == entry.said);
  CHECK(read->bytes == entry.bytes);
  CHECK(read->state == entry.state);
  CHECK(read->first_instance == 6);
  CHECK(read->path == entry.path);
  CHECK(read->number == entry.number);
  CHECK(read->since_ms == entry.since_ms);
  CHECK(read->heard_ms == entry.heard_ms);
  CHECK(read->version == entry.version);
  CHECK(read->addresses == entry.addresses);
  for (std::size_t size = 0; size + identity::signature_size < body.size(); ++size) {
    const auto cut = decode_entry(std::string_view{body}.substr(0, size));
    CHECK(!(cut && is_authentic(cut->bytes)));
  }
}

TEST_CASE("presence protocol: the short ones") {
  std::string out;
  append_welcome(out, {1000, 2004, std::string(16, 'c')});
  const auto welcome = decode_welcome(body_of(out, message_type::welcome));
  REQUIRE(welcome);
  CHECK(welcome->period_ms == 1000);
  CHECK(welcome->sctp_port == 2004);
  CHECK(welcome->cookie == std::string(16, 'c'));

  out.clear();
  append_forgotten(out, {77, std::string(32, 'k')});
  const auto forgotten = decode_forgotten(body_of(out, message_type::forgotten));
  REQUIRE(forgotten);
  CHECK(forgotten->version == 77);
  CHECK(forgotten->key == std::string(32, 'k'));

  out.clear();
  append_roster_end(out, {78, true});
  const auto end = decode_roster_end(body_of(out, message_type::roster_end));
  REQUIRE(end);
  CHECK(end->version == 78);
  CHECK(end->isolated);

  out.clear();
  append_pace(out, 2500);
  CHECK(*decode_pace(body_of(out, message_type::pace)) == 2500);
  out.clear();
  append_subscribe(out, 12);
  CHECK(*decode_subscribe(body_of(out, message_type::subscribe)) == 12);
  CHECK(!decode_pace("123"));
  CHECK(!decode_pace(std::string(4, '\0')));
  CHECK(!decode_subscribe("123456789"));
}

TEST_CASE("presence protocol: questions passed on") {
  AskFor ask;
  ask.request = 3;
  ask.question = "ask";
  ask.port = 5000;
  ask.addresses = {asio::ip::make_address("2001:db8::1")};
  std::string out;
  append_ask_for(out, ask);
  const auto read = decode_ask_for(body_of(out, message_type::ask_for));
  REQUIRE(read);
  CHECK(read->request == 3);
  CHECK(read->question == "ask");
  CHECK(read->port == 5000);
  CHECK(read->addresses == ask.addresses);
  out.clear();
  append_asked(out, {3, "answer"});
  const auto asked = decode_asked(body_of(out, message_type::asked));
  REQUIRE(asked);
  CHECK(asked->request == 3);
  CHECK(asked->answer == "answer");
}

TEST_CASE("presence protocol: random bytes are refused or read, never worse") {
  std::mt19937 random{3};
  std::string out;
  append_entry(out, an_entry());
  const std::string good = body_of(out, message_type::entry);
  std::size_t authentic = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string body(random() % 300, '\0');
    for (char& byte : body)
      byte = static_cast<char>(random());
    if (i % 2 == 0) {
      body = good;
      body[random() % 60] = static_cast<char>(random());
    }
    (void)decode_client_hello(body);
    (void)decode_server_hello(body);
    (void)decode_welcome(body);
    (void)decode_forgotten(body);
    (void)decode_roster_end(body);
    (void)decode_ask_for(body);
    (void)decode_asked(body);
    if (i % 100 == 1)
      if (const auto entry = decode_entry(body)) authentic += is_authentic(entry->bytes) ? 1 : 0;
  }
  CHECK(authentic == 0);
}
