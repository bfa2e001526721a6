// Tests of WebSocket through a whole server: handshakes and refusals, messages, closing, and our
// own client against it.
#include "net/websocket.hpp"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <doctest/doctest.h>
#include <mutex>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/connect.hpp"
#include "net/outlet.hpp"
#include "net/rig.hpp"
#include "net/spawn.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace netkit::net::tests;
using wire::WebSocketOp;

namespace {

// RFC 6455, 1.3: this key is answered with s3pPLMBiTxaQ9kYGzzhZRbK+xOo=.
constexpr std::string_view handshake =
    "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr std::string_view accepted =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

RunningServer::Plan websocket_plan(TlsMode tls = TlsMode::never) {
  RunningServer::Plan plan;
  plan.listen = {"ws://127.0.0.1:0"};
  plan.service = echo_service(tls);
  if (tls != TlsMode::never) plan.tls = server_tls();
  return plan;
}

/// A frame as a client sends it, masked with zeros so that its payload is readable.
std::string masked(char first_byte, std::string_view payload) {
  std::string frame{first_byte};
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += '\xFE';
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xff);
  }
  return frame.append(4, '\0').append(payload);
}

/// What the server answers to `bytes` behind a handshake, up to the end of the stream.
std::string answer_to(RunningServer& server, const std::string& bytes) {
  Peer peer{server.port()};
  REQUIRE(peer.send(handshake));
  REQUIRE(peer.receive(accepted.size()) == accepted);
  peer.send(bytes);
  peer.half_close();
  return peer.receive_all();
}

std::string status_line_of(RunningServer& server, std::string_view request) {
  Peer peer{server.port()};
  peer.send(request);
  const std::string answer = peer.receive_all();
  return answer.substr(0, answer.find('\r'));
}

using Code = std::string_view;
constexpr Code normal{"\x88\x02\x03\xE8", 4};      // 1000
constexpr Code protocol{"\x88\x02\x03\xEA", 4};    // 1002
constexpr Code not_text{"\x88\x02\x03\xEF", 4};    // 1007
constexpr Code policy{"\x88\x02\x03\xF0", 4};      // 1008
constexpr Code too_big{"\x88\x02\x03\xF1", 4};     // 1009
constexpr Code going_away{"\x88\x02\x03\xE9", 4};  // 1001

asio::awaitable<Result<WebSocketClient>> open_client(std::uint16_t port, bool tls) {
  const Endpoint to{
      .scheme = tls ? Scheme::wss : Scheme::ws, .host = "127.0.0.1", .port = port, .path = {}};
  std::optional<TlsContext> trust;
  if (tls) trust = *TlsContext::client([](const std::string&) -> Status { return ok; });
  Result<Stream> stream = co_await connect(to, trust, hang_limit);
  if (!stream) co_return stream.error();
  stream->expire_in(hang_limit);
  co_return co_await WebSocketClient::open(std::move(*stream), UpgradeWish{"h"}, 64 * 1024);
}

asio::awaitable<Status> talk(std::uint16_t port, bool tls) {
  auto client = co_await open_client(port, tls);
  if (!client) co_return client.error();
  for (const std::size_t size : {0u, 1u, 125u, 126u, 65'535u, 65'536u}) {
    const std::string body = noise(size);
    if (Status sent = co_await client->send(WebSocketOp::binary, body); !sent) co_return sent;
    auto message = co_await client->receive();
    if (!message) co_return message.error();
    if (message->op != WebSocketOp::binary || message->body != body) co_return Errc::mismatch;
  }
  // A pong between is passed over.
  if (Status sent = co_await client->send(WebSocketOp::ping, "are you there"); !sent)
    co_return sent;
  if (Status sent = co_await client->send(WebSocketOp::text, "h\xC3\xA9"); !sent) co_return sent;
  auto message = co_await client->receive();
  if (!message) co_return message.error();
  if (message->op != WebSocketOp::text || message->body != "h\xC3\xA9") co_return Errc::mismatch;
  co_await client->close();
  co_return ok;
}

/// The error that ends a client that sends `bytes` as `op`.
asio::awaitable<Status> provoke(std::uint16_t port, WebSocketOp op, std::string bytes) {
  auto client = co_await open_client(port, false);
  if (!client) co_return client.error();
  if (Status sent = co_await client->send(op, bytes); !sent) co_return sent;
  auto message = co_await client->receive();
  if (!message) co_return message.error();
  co_return ok;
}

asio::awaitable<Result<WebSocketClient>> open_at(std::uint16_t port) {
  co_return co_await open_client(port, false);
}

std::size_t waiting_at(int socket) {
  int count = 0;
  return ::ioctl(socket, FIONREAD, &count) == 0 ? static_cast<std::size_t>(count) : 0;
}

/// The peer of a flush that comes too late, and what it had read before the server noticed.
struct LatePeer {
  std::atomic<int> handle{-1};
  std::string got;
  std::atomic<bool> has_read{false};
};

/// Once the server's answer has filled the way to `peer`: lets the deadline of the flush pass, and
/// the peer read before the flush is told, so that the socket takes bytes again.
asio::awaitable<void> make_flush_late(Connection& connection, LatePeer& peer) {
  using namespace std::chrono_literals;
  asio::steady_timer timer{connection.worker().io()};
  std::error_code ignored;
  while (waiting_at(peer.handle) == 0) {
    timer.expires_after(1ms);
    co_await timer.async_wait(into(ignored));
  }
  connection.stream().expire_in(1ms);
  timer.expires_after(2ms);
  ::poll(nullptr, 0, 20);  // Both are due when this thread looks again, and in this order.
  co_await timer.async_wait(into(ignored));
  peer.got.resize(waiting_at(peer.handle));
  const ssize_t count = ::recv(peer.handle, peer.got.data(), peer.got.size(), MSG_WAITALL);
  peer.got.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  peer.has_read = true;
}

asio::awaitable<Status> echo_until_late(Connection& connection, LatePeer& peer) {
  connection.introduce("ws");
  connection.touch();
  asio::co_spawn(connection.worker().io(), make_flush_late(connection, peer), rethrow);
  const auto echo = [](WebSocketOp op, std::string_view body, std::string& out) -> Result<Flow> {
    wire::append_websocket(out, op, body);
    return Flow::go_on;
  };
  const Status ended = co_await pump_websocket(connection, 4 << 20, echo);
  CHECK((!ended && ended.error().code == Errc::timed_out));
  co_return ok;  // What was sent is to arrive, without a reset.
}

/// A server that answers the handshake with `answer`, whatever was asked.
RunningServer::Plan answering(std::string answer) {
  RunningServer::Plan plan;
  plan.service.on_connection = [answer](Connection& connection) {
    return [](Connection& each, std::string text) -> asio::awaitable<Status> {
      each.introduce("test");
      auto more = co_await each.receive();
      if (!more) co_return more.error();
      co_return co_await each.send(text);
    }(connection, answer);
  };
  return plan;
}

}  // namespace

TEST_CASE("WebSocket: the handshake of the RFC, then messages, fragments and pings") {
  RunningServer server{websocket_plan()};
  CHECK(answer_to(server, masked('\x81', "Hello") + masked('\x88', "\x03\xE8")) ==
        "\x81\x05Hello" + std::string{normal});
  CHECK(answer_to(server, masked('\x82', "") + masked('\x88', "\x03\xE8")) ==
        std::string{"\x82\x00", 2} + std::string{normal});
  CHECK(answer_to(server, masked('\x01', "Hel") + masked('\x89', "ping") + masked('\x80', "lo") +
                              masked('\x8A', "unasked") + masked('\x88', "\x03\xE8")) ==
        "\x8A\x04ping\x81\x05Hello" + std::string{normal});
  CHECK(server.logged("dialect=ws active=1"));
}

TEST_CASE("WebSocket: messages that came with the handshake are answered") {
  RunningServer server{websocket_plan()};
  Peer peer{server.port()};
  CHECK(peer.send(std::string{handshake} + masked('\x81', "early")));
  CHECK(peer.receive(accepted.size() + 7) == std::string{accepted} +
                                                 "\x81\x05"
                                                 "early");
}

TEST_CASE("WebSocket: a close is answered with its code, and one without with none") {
  RunningServer server{websocket_plan()};
  CHECK(answer_to(server, masked('\x88', "\x0B\xB8why")) == "\x88\x02\x0B\xB8");
  CHECK(answer_to(server, masked('\x88', "")) == std::string_view{"\x88\x00", 2});
  CHECK(answer_to(server, masked('\x88', "\x03\xE8") + masked('\x81', "late")) == normal);
}

TEST_CASE("WebSocket: what the protocol forbids is closed with its code") {
  RunningServer server{websocket_plan()};
  CHECK(answer_to(server, "\x81\x05Hello") == protocol);      // Not masked.
  CHECK(answer_to(server, masked('\xC1', "x")) == protocol);  // RSV1 without an extension.
  CHECK(answer_to(server, masked('\x83', "x")) == protocol);  // An opcode that is none.
  CHECK(answer_to(server, masked('\x80', "x")) == protocol);  // Continues nothing.
  CHECK(answer_to(server, masked('\x09', "x")) == protocol);  // A ping in fragments.
  CHECK(answer_to(server, masked('\x88', "x")) == protocol);  // Half a code.
  CHECK(answer_to(server, masked('\x81', "\xFF")) == not_text);
  CHECK(answer_to(server, masked('\x88', "\x03\xE8\xFF")) == not_text);
  CHECK(answer_to(server, masked('\x81', "a") + masked('\x81', "\xC0\xAF")) ==
        "\x81\x01"
        "a" +
            std::string{not_text});
}

TEST_CASE("WebSocket: a message over the limit is closed with 1009 from its header alone") {
  RunningServer server{websocket_plan()};
  const std::string huge{"\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0", 14};
  CHECK(answer_to(server, huge) == too_big);
  const std::string over{"\x82\xFF\0\0\0\0\0\x01\0\x01\0\0\0\0", 14};  // 65,537 of 65,536.
  CHECK(answer_to(server, over) == too_big);
  std::string fragments = masked('\x02', std::string(40'000, 'x'));
  fragments += masked('\x80', std::string(30'000, 'x'));
  CHECK(answer_to(server, fragments) == too_big);
}

TEST_CASE("WebSocket: a service that refuses closes with its code") {
  RunningServer server{websocket_plan()};
  CHECK(answer_to(server, masked('\x81', "refuse me")) == policy);
}

TEST_CASE("WebSocket: draining says goodbye with 1001") {
  RunningServer server{websocket_plan()};
  Peer peer{server.port()};
  REQUIRE(peer.send(handshake));
  REQUIRE(peer.receive(accepted.size()) == accepted);
  CHECK(peer.send(masked('\x81', "last")));
  CHECK(peer.receive(6) == "\x81\x04last");
  server.server().drain();
  CHECK(peer.receive_all() == going_away);
  CHECK_FALSE(peer.was_reset());
  peer.close();
  CHECK(server.wait());
}

TEST_CASE("WebSocket: no close frame is put into the midst of a message that was cut short") {
  const support::TemporaryFolder folder;
  LatePeer late;
  RunningServer::Plan plan;
  plan.listen = {"unix:" + (folder / "s")};
  plan.service.on_connection = [&](Connection& connection) {
    return echo_until_late(connection, late);
  };
  RunningServer server{std::move(plan)};
  Peer peer{folder / "s"};
  late.handle = peer.handle();
  const std::string payload(1 << 20, 'x');
  REQUIRE(peer.send(std::string_view{"\x82\xFF\0\0\0\0\0\x10\0\0\0\0\0\0", 14}));
  REQUIRE(peer.send(payload));
  REQUIRE(becomes_true([&] { return late.has_read.load(); }));
  const std::string all = late.got + peer.receive_all();
  peer.close();
  server.server().drain();
  REQUIRE(server.wait());
  CHECK(all.substr(0, 10) == std::string_view{"\x82\x7F\0\0\0\0\0\x10\0\0", 10});
  CHECK(all.size() < 10 + payload.size());
  CHECK(all.find_first_not_of('x', 10) == std::string::npos);
}

TEST_CASE("WebSocket: a plain GET gets the page, other paths and methods what is due") {
  RunningServer server{websocket_plan()};
  Peer peer{server.port()};
  CHECK(peer.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  const std::string page = peer.receive_all();
  CHECK(page.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(page.find("\r\nContent-Security-Policy: default-src 'none';") != std::string::npos);
  CHECK(page.find("\r\nContent-Length: 11\r\n") != std::string::npos);
  CHECK(page.ends_with("\r\n\r\n<p>page</p>"));
  CHECK(status_line_of(server, "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n") ==
        "HTTP/1.1 404 Not Found");
  CHECK(status_line_of(server, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx") ==
        "HTTP/1.1 405 Method Not Allowed");
}

TEST_CASE("WebSocket: one connection serves several requests and then messages") {
  RunningServer server{websocket_plan()};
  Peer peer{server.port()};
  for (int i = 0; i < 3; ++i)
    CHECK(peer.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"));
  CHECK(peer.send(handshake));
  std::string heads = peer.receive(1);
  while (heads.find("101 Switching") == std::string::npos && !heads.ends_with("?"))
    heads += peer.receive(1);
  CHECK(heads.find("HTTP/1.1 200 OK") != std::string::npos);
  peer.receive(accepted.size() - std::string_view{"HTTP/1.1 101 Switching"}.size());
  CHECK(peer.send(masked('\x81', "x")));
  CHECK(peer.receive(3) == "\x81\x01x");
}

TEST_CASE("WebSocket: handshakes that are none are refused, never given the page") {
  RunningServer server{websocket_plan()};
  const auto request = [](std::string_view fields) {
    return "GET / HTTP/1.1\r\nHost: h\r\n" + std::string{fields} + "\r\n";
  };
  const std::string_view key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  CHECK(status_line_of(server, request(key)) == "HTTP/1.1 400 Bad Request");
  CHECK(status_line_of(server, request(upgrade + "Sec-WebSocket-Version: 13\r\n")) ==
        "HTTP/1.1 400 Bad Request");
  CHECK(status_line_of(server, request(upgrade + "Sec-WebSocket-Version: 13\r\n"
                                                 "Sec-WebSocket-Key: short\r\n")) ==
        "HTTP/1.1 400 Bad Request");
  CHECK(status_line_of(server, request(upgrade + "Sec-WebSocket-Version: 8\r\n" +
                                       std::string{key})) == "HTTP/1.1 426 Upgrade Required");
  CHECK(status_line_of(server, "\x16\x03\x01 no HTTP at all\r\n\r\n") ==
        "HTTP/1.1 400 Bad Request");
  CHECK(status_line_of(server, "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(20'000, 'x')) ==
        "HTTP/1.1 431 Request Header Fields Too Large");
  CHECK(status_line_of(server, "GET / HTTP/3.0\r\nHost: h\r\n\r\n") ==
        "HTTP/1.1 505 HTTP Version Not Supported");
}

TEST_CASE("WebSocketClient: talks to our server, plain and under TLS") {
  RunningServer server{websocket_plan(TlsMode::detect)};
  for (const bool tls : {false, true}) {
    const Status talked = run(talk(server.port(), tls));
    INFO((talked ? "" : talked.error().message()));
    CHECK(talked);
  }
  CHECK(server.reaches(0));
}

TEST_CASE("WebSocketClient: a server that closes ends it") {
  RunningServer server{websocket_plan()};
  CHECK(run(provoke(server.port(), WebSocketOp::binary, std::string(70'000, 'x'))).error().code ==
        Errc::closed);
  CHECK(run(provoke(server.port(), WebSocketOp::text, "\xFF")).error().code == Errc::closed);
  CHECK(server.reaches(0));
}

TEST_CASE("WebSocketClient: refuses servers that do not answer its handshake") {
  RunningServer other{answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")};
  CHECK(run(open_at(other.port())).error().code == Errc::refused);
  RunningServer forged{answering(std::string{accepted})};  // The answer to another's key.
  CHECK(run(open_at(forged.port())).error().code == Errc::malformed);
  RunningServer text{answering("220 smtp ready\r\n\r\n")};
  CHECK(run(open_at(text.port())).error().code == Errc::malformed);
  RunningServer endless{answering("HTTP/1.1 101 X\r\nA: " + std::string(70'000, 'x'))};
  CHECK(run(open_at(endless.port())).error().code == Errc::too_large);
  RunningServer cut{answering("HTTP/1.1 101 Switch")};
  CHECK(run(open_at(cut.port())).error().code == Errc::closed);
}

namespace {

/// A service that says hello to whoever connects, then whatever the test posts to its outlet.
struct Speaker {
  std::mutex mutex;
  std::shared_ptr<Outlet> outlet;

  std::shared_ptr<Outlet> get() {
    const std::lock_guard lock{mutex};
    return outlet;
  }

  asio::awaitable<Status> serve(Connection& connection) {
    const OutletGuard guard{connection};
    const auto answer = [](const wire::HttpRequest&, std::string&) {};
    Result<bool> upgraded = co_await upgrade_to_websocket(connection, answer);
    if (!upgraded || !*upgraded) co_return ok;
    connection.touch();
    {
      const std::lock_guard lock{mutex};
      outlet = guard.get();
    }
    const auto echo = [](WebSocketOp op, std::string_view body, std::string& out) -> Result<Flow> {
      wire::append_websocket(out, op, body);
      return Flow::go_on;
    };
    co_return co_await pump_websocket(connection, 64 * 1024, echo);
  }
};

RunningServer::Plan speaking_plan(Speaker& speaker) {
  RunningServer::Plan plan;
  plan.listen = {"ws://127.0.0.1:0"};
  plan.service.on_connection = [&](Connection& each) { return speaker.serve(each); };
  plan.service.tls_mode = [](Scheme) { return TlsMode::never; };
  return plan;
}

/// A peer whose handshake is done, and the outlet that leads to it.
struct Spoken {
  Speaker speaker;
  RunningServer server{speaking_plan(speaker)};
  Peer peer;

  explicit Spoken(int receive_buffer_size = 0) : peer{server.port(), receive_buffer_size} {
    REQUIRE(peer.send(handshake));
    REQUIRE(peer.receive(accepted.size()) == accepted);
    REQUIRE(becomes_true([this] { return speaker.get() != nullptr; }));
  }

  Outlet& outlet() { return *speaker.get(); }
};

}  // namespace

TEST_CASE("Outlet: says things to a peer that asked nothing, in order with answers") {
  Spoken to;
  to.outlet().post(WebSocketOp::text, "one");
  to.outlet().post(WebSocketOp::text, "two");
  CHECK(to.peer.receive(10) == "\x81\x03one\x81\x03two");
  to.peer.send(masked('\x81', "three"));
  CHECK(to.peer.receive(7) == "\x81\x05three");
}

TEST_CASE("Outlet: what a slow peer has not taken comes whole and in order") {
  Spoken to{4096};
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    const std::string body = noise(20'000, static_cast<std::uint32_t>(i));
    wire::append_websocket(expected, WebSocketOp::binary, body);
    to.outlet().post(WebSocketOp::binary, body);
    if (i == 20) to.peer.send(masked('\x81', "in between"));
  }
  const std::string got = to.peer.receive(expected.size() + 12);
  const std::size_t answer = got.find("\x81\x0Ain between");
  REQUIRE(answer != std::string::npos);
  const bool same = got.substr(0, answer) + got.substr(answer + 12) == expected;
  CHECK(same);
}

TEST_CASE("Outlet: a peer that never reads is let go, and the server lives") {
  Spoken to{4096};
  const std::string body = noise(1'000'000);
  // More than any system's buffers take.
  for (int i = 0; i < 30; ++i)
    to.outlet().post(WebSocketOp::binary, body);
  CHECK(to.server.logged("disconnect"));
  to.outlet().post(WebSocketOp::text, "to nobody");
  Peer other{to.server.port()};
  REQUIRE(other.send(handshake));
  CHECK(other.receive(accepted.size()) == accepted);
}

TEST_CASE("Outlet: close ends the connection in order after what was posted") {
  Spoken to;
  to.outlet().post(WebSocketOp::text, "bye");
  to.outlet().close();
  CHECK(to.peer.receive_all() ==
        "\x81\x03"
        "bye\x88\x02\x03\xE9");
}

TEST_CASE("is_own_host: addresses, localhost and given names, and nothing else") {
  const std::vector<std::string> names{"ups.example"};
  for (const char* host : {"127.0.0.1:8765", "192.0.2.7", "[::1]:8765", "localhost:1",
                           "ups.example:8765", "UPS.example"})
    CHECK_MESSAGE(is_own_host(host, names), host);
  for (const char* host : {"", "evil.example", "ups.example.evil.example:8765", "x:1:2", "ws://a"})
    CHECK_FALSE_MESSAGE(is_own_host(host, names), host);
}
