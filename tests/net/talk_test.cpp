// Tests of two peers over loopback: messages delivered, and everyone who is not who they should be,
// breaks off, is silent or sends noise.
#include <atomic>

#include "base/hex.hpp"
#include "identity/certificate.hpp"
#include "net/connect.hpp"
#include "net/message_reader.hpp"
#include "net/talk_world.hpp"

using namespace netkit;
using namespace netkit::net::tests;
using namespace netkit::presence;
using namespace netkit::presence::tests;
using namespace std::chrono_literals;

TEST_CASE("Talk: texts are delivered in order and acknowledged") {
  Listener bert;
  const Writer ana;
  const SendReport report = ana.send(bert, {"one", "two", std::string(64 * 1024, 'x')});
  CHECK(report.all_delivered());
  REQUIRE(report.peer);
  CHECK(report.peer->name == "bert");
  const auto heard = bert.heard();
  REQUIRE(heard.size() == 3);
  CHECK(heard[0] == "ana: one");
  CHECK(heard[1] == "ana: two");
  CHECK(heard[2].size() == 5 + 64 * 1024);
}

TEST_CASE("Talk: many texts go through a small window, faster than the rate in a burst only") {
  Listener bert{{.limits = {.messages_per_s = 2000, .messages_burst = 50}}};
  const Writer ana;
  std::vector<std::string> texts;
  for (int i = 0; i < 500; ++i)
    texts.push_back(std::to_string(i));
  CHECK(ana.send(bert, texts).all_delivered());
  const auto heard = bert.heard();
  REQUIRE(heard.size() == 500);
  CHECK(heard.back() == "ana: 499");
}

TEST_CASE("Talk: what is no text is not sent, the others are") {
  Listener bert;
  const Writer ana;
  const SendReport report = ana.send(bert, {"", "good", "\xff", std::string(64 * 1024 + 1, 'x')});
  CHECK(report.texts.at(0).error().code == Errc::malformed);
  CHECK(report.texts.at(1));
  CHECK(report.texts.at(2).error().code == Errc::not_utf8);
  CHECK(report.texts.at(3).error().code == Errc::too_large);
  CHECK(bert.heard().size() == 1);
}

TEST_CASE("Talk: another key than the expected one is refused, and hears nothing") {
  Listener bert;
  const Writer ana;
  SendPlan plan = ana.plan(bert, {"secret"});
  plan.key = identity::KeptKey::make().public_key();
  const SendReport report = Writer::send(plan);
  CHECK(report.outcome().error().code == Errc::refused);
  CHECK_FALSE(report.peer);
  CHECK(bert.heard().empty());
}

TEST_CASE("Talk: a certificate that is not the announced one ends TLS") {
  Listener bert;
  const Writer ana;
  SendPlan plan = ana.plan(bert, {"secret"});
  plan.certificate = std::string(32, 'c');
  CHECK(Writer::send(plan).outcome().error().code == Errc::refused);
  CHECK(bert.heard().empty());
}

TEST_CASE("Talk: a peer that vouches for another certificate is refused") {
  Listener bert{{.certificate = std::string(32, 'c')}};
  const Writer ana;
  const SendReport report = ana.send(bert, {"secret"});
  CHECK(report.outcome().error().code == Errc::refused);
  CHECK_FALSE(report.peer);
  CHECK(bert.heard().empty());
}

TEST_CASE("Talk: who is not trusted is told so, whichever side says it") {
  Listener bert;
  const Writer ana;
  CHECK(ana.send(bert, {"first"}).all_delivered());
  const Writer false_ana;
  const SendReport report = false_ana.send(bert, {"I am ana"});
  REQUIRE_FALSE(report.all_delivered());
  CHECK(report.outcome().error().code == Errc::refused);
  // What the listener keeps, and where, is not for the other side.
  CHECK(report.outcome().error().message().find("trust the peer ana") != std::string::npos);
  CHECK(report.outcome().error().message().find("known_peers") == std::string::npos);
  CHECK(bert.server().logged("known_peers"));

  SendPlan plan = ana.plan(bert, {"second"});
  plan.meet = [](const Announcement&) -> Status { return Error{Errc::refused, "trust bert"}; };
  CHECK(Writer::send(plan).outcome().error().message().find("trust bert") != std::string::npos);
  CHECK(bert.heard() == std::vector<std::string>{"ana: first"});
}

TEST_CASE("Talk: what could not be delivered is told, and nothing after it is delivered") {
  Listener bert{{.deliver = [](const Announcement&, const Say& say) -> Status {
    if (say.text == "bad") return Error{Errc::busy, "show the message"};
    return ok;
  }}};
  const Writer ana;
  const SendReport report = ana.send(bert, {"good", "bad", "late"});
  CHECK(report.texts.at(0));
  CHECK(report.texts.at(1).error().message().find("show the message") != std::string::npos);
  CHECK_FALSE(report.texts.at(2));
  CHECK(bert.heard() == std::vector<std::string>{"ana: good"});
}

TEST_CASE("Talk: addresses are tried in order until one is the peer") {
  Listener bert;
  Listener carl{{.name = "carl"}};
  const Writer ana;
  SendPlan plan = ana.plan(bert, {"hi"});
  // Nobody listens at the first one.
  plan.addresses = {"127.0.0.2", "127.0.0.1"};
  CHECK(Writer::send(plan).all_delivered());
  plan.addresses.clear();
  CHECK(Writer::send(plan).outcome().error().code == Errc::not_found);
  plan.addresses = {"127.0.0.2"};
  CHECK_FALSE(Writer::send(plan).all_delivered());
  CHECK(bert.heard().size() == 1);
}

namespace {

/// A server that does `what` with each connection once it is under TLS.
net::Service under_tls(std::function<asio::awaitable<Status>(net::Connection&)> what) {
  net::Service service;
  service.on_connection = std::move(what);
  service.tls_mode = [](net::Scheme) { return net::TlsMode::always; };
  return service;
}

asio::awaitable<Status> read_and_leave(net::Connection& connection) {
  const Result<bool> more = co_await connection.receive();
  if (!more) co_return more.error();
  co_return ok;
}

asio::awaitable<Status> send_noise(net::Connection& connection) {
  const std::string bytes = noise(5000);
  Status sent = co_await connection.send(bytes);
  if (!sent) co_return sent;
  co_return co_await read_and_leave(connection);
}

asio::awaitable<Status> be_silent(net::Connection& connection) {
  for (;;) {
    const Result<bool> more = co_await connection.receive();
    if (!more) co_return more.error();
    if (!*more) co_return ok;
    const auto size = connection.received().unread().size();
    connection.received().consume(size);
    connection.received().keep();
  }
}

SendReport send_to(net::Service service) {
  RunningServer server{{.service = std::move(service), .tls = server_tls()}};
  const Writer ana;
  SendPlan plan;
  plan.addresses = {"127.0.0.1"};
  plan.port = server.port();
  plan.pair = &ana.key.pair();
  plan.own.name = "ana";
  plan.meet = [](const Announcement&) -> Status { return ok; };
  plan.texts = {"one", "two"};
  plan.answer_limit = 300ms;
  return Writer::send(plan);
}

}  // namespace

TEST_CASE("Talk: a peer that leaves, is silent or sends noise is an error of each text") {
  const SendReport left = send_to(under_tls(read_and_leave));
  CHECK(left.texts.size() == 2);
  CHECK(left.texts.at(0).error().code == Errc::closed);
  CHECK_FALSE(left.texts.at(1));
  CHECK(send_to(under_tls(send_noise)).outcome().error().code == Errc::malformed);
  CHECK(send_to(under_tls(be_silent)).outcome().error().code == Errc::timed_out);
}

namespace {

/// Takes each message as a peer does, and closes before it acknowledges the first one.
class Forgetful final : public TalkMachine::Hearer {
 public:
  Forgetful(const identity::KeptKey& key, std::string address)
      : key_{key},
        certificate_{*from_hex(identity::fingerprint(certificate())->substr(7))},
        server_{{.listen = {std::move(address)},
                 .service = under_tls([this](net::Connection& to) { return serve(to); }),
                 .tls = server_tls()}} {}

  Status meet(const Announcement&) override { return ok; }
  Status deliver(const Announcement&, const Say&) override {
    ++delivered_;
    return Errc::closed;
  }
  void acknowledged(std::uint64_t) override {}

  int delivered() const { return delivered_; }

 private:
  asio::awaitable<Status> serve(net::Connection& connection) {
    TalkSelf self{.pair = &key_.pair(), .said = {}, .nonce = 1};
    self.said.name = "bert";
    self.said.certificate = certificate_;
    TalkMachine machine{TalkMachine::Role::answerer, self, certificate_, memory_, *this};
    wire::FrameDecoder decoder{talk_frame_size_max};
    const auto hear = [&](const wire::Frame& frame, std::string& out) -> Result<net::Flow> {
      const Status heard = machine.hear(frame, out);
      return heard ? net::Flow::go_on : net::Flow::finish;
    };
    co_return co_await net::pump(connection, decoder, hear);
  }

  const identity::KeptKey& key_;
  const std::string certificate_;
  std::atomic<int> delivered_{0};
  TalkMemory memory_;
  RunningServer server_;
};

/// Opens a conversation and leaves off in the midst of a message; ends when it is let go.
asio::awaitable<Status> leave_off(const Listener& to, const Writer& from) {
  const net::Endpoint endpoint{
      .scheme = net::Scheme::tls, .host = "127.0.0.1", .port = to.port(), .path = {}};
  const std::optional<net::TlsContext> tls{
      *net::TlsContext::client([](const std::string&) -> Status { return ok; })};
  Result<net::Stream> stream = co_await net::connect(endpoint, tls, hang_limit);
  if (!stream) co_return stream.error();
  struct Nobody final : TalkMachine::Hearer {
    Status meet(const Announcement&) override { return ok; }
    Status deliver(const Announcement&, const Say&) override { return ok; }
    void acknowledged(std::uint64_t) override {}
  } nobody;
  TalkMemory memory;
  TalkSelf self{.pair = &from.key.pair(), .said = {}, .nonce = 1};
  self.said.name = from.name;
  const std::string certificate = *from_hex(stream->server_mark(net::TlsSession::Side::client));
  TalkMachine machine{TalkMachine::Role::opener, self, certificate, memory, nobody};
  std::string out;
  machine.begin(out);
  net::MessageReader<wire::FrameDecoder> reader{wire::FrameDecoder{4096}, 8192};
  while (!machine.is_open()) {
    if (Status sent = co_await stream->write(out); !sent) co_return sent;
    out.clear();
    const Result<wire::Frame> frame = co_await reader.next(*stream);
    if (!frame) co_return frame.error();
    if (Status heard = machine.hear(*frame, out); !heard) co_return heard;
  }
  append_say(out, {.id = 1, .time_ms = 1, .text = "whole"});
  append_say(out, {.id = 2, .time_ms = 1, .text = "cut off"});
  out.resize(out.size() - 3);
  if (Status sent = co_await stream->write(out); !sent) co_return sent;
  for (;;) {
    const Result<wire::Frame> frame = co_await reader.next(*stream);
    if (!frame) co_return ok;
  }
}

}  // namespace

TEST_CASE("Talk: what a peer took and did not acknowledge goes to its next address") {
  Listener bert;
  const Writer ana;
  Forgetful forgetful{bert.key(), "tcp://127.0.0.2:" + std::to_string(bert.port())};
  SendPlan plan = ana.plan(bert, {"one", "two"});
  plan.addresses = {"127.0.0.2"};
  const SendReport lost = Writer::send(plan);
  CHECK(lost.texts.at(0).error().code == Errc::closed);
  CHECK(lost.texts.at(1).error().code == Errc::closed);
  plan.addresses = {"127.0.0.2", "127.0.0.1"};
  CHECK(Writer::send(plan).all_delivered());
  CHECK(forgetful.delivered() == 2);
  CHECK(bert.heard() == std::vector<std::string>{"ana: one", "ana: two"});
}

TEST_CASE("Talk: half a message and silence end the connection, the whole one is kept") {
  Listener bert{{.limits = {.silence = 300ms}}};
  const Writer ana;
  CHECK(run(leave_off(bert, ana)));
  CHECK(bert.heard() == std::vector<std::string>{"ana: whole"});
}

TEST_CASE("Talk: half a hello and silence end with the handshake limit") {
  Listener bert{{.options = options_with(
                     [](net::ServerOptions& options) { options.handshake_limit = 200ms; })}};
  Peer silent{bert.port()};
  REQUIRE(silent.send("\x16\x03\x01"));
  CHECK(silent.ended());
  Peer nothing{bert.port()};
  CHECK(nothing.ended());
}

TEST_CASE("Talk: noise ends its connection, and the listener goes on") {
  Listener bert;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    Peer hostile{bert.port()};
    hostile.send(noise(3000, seed));
    CHECK(hostile.receive_all().size() < 1000);
  }
  CHECK(Writer{}.send(bert, {"still there"}).all_delivered());
}

TEST_CASE("Talk: an address has so many connections and no more") {
  Listener bert{{.limits = {.connections_of_address = 3}}};
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 3; ++i)
    peers.push_back(std::make_unique<Peer>(bert.port()));
  REQUIRE(bert.server().reaches(3));
  Peer one_more{bert.port()};
  CHECK(one_more.ended());
  peers.clear();
  REQUIRE(bert.server().reaches(0));
  CHECK(Writer{}.send(bert, {"hi"}).all_delivered());
  CHECK(bert.server().logged("one more connection"));
}
