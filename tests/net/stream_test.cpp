// Tests of echo through a whole server, over each kind of stream: bytes come back, all of them.
#include <doctest/doctest.h>

#include "net/connect.hpp"
#include "net/rig.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace netkit::net::tests;
using support::TemporaryFolder;

namespace {

TlsContext trusting_tls() {
  return *TlsContext::client([](const std::string&) -> Status { return ok; });
}

/// Sends `bytes` and answers with what came back when the server had closed as well.
asio::awaitable<Result<std::string>> exchange(Endpoint to, std::string bytes) {
  std::optional<TlsContext> tls;
  if (to.scheme == Scheme::tls) tls = trusting_tls();
  Result<Stream> stream = co_await connect(to, tls, connect_limit);
  if (!stream) co_return stream.error();
  if (Status sent = co_await stream->write(bytes); !sent) co_return sent.error();
  std::string back(bytes.size(), '\0');
  for (std::size_t count = 0; count < back.size();) {
    auto some = co_await stream->read_some({back.data() + count, back.size() - count});
    if (!some) co_return some.error();
    count += *some;
  }
  co_await stream->close();
  co_return back;
}

RunningServer::Plan listening(std::string at, TlsMode mode = TlsMode::never) {
  RunningServer::Plan plan;
  plan.listen = {std::move(at)};
  plan.service = echo_service(mode);
  if (mode != TlsMode::never) plan.tls = server_tls();
  return plan;
}

}  // namespace

TEST_CASE("Server: answers over tcp and tells who came and went") {
  RunningServer server;
  Peer peer{server.port()};
  CHECK(peer.send("hello"));
  CHECK(peer.receive(5) == "hello");
  peer.close();
  CHECK(server.logged("disconnect address=127.0.0.1"));
  CHECK(server.reaches(0));
  CHECK(server.log().find("connect address=127.0.0.1 port=") != std::string::npos);
  CHECK(server.log().find("dialect=raw active=1") != std::string::npos);
  CHECK(server.log().find("dialect=raw active=0 reason=closed") != std::string::npos);
  CHECK(server.server().counters().accepted == 1);
}

TEST_CASE("Server: answers over a unix socket, which goes with it") {
  const TemporaryFolder folder;
  {
    RunningServer server{listening("unix:" + (folder / "echo.sock"))};
    Peer peer{folder / "echo.sock"};
    CHECK(peer.send("hello"));
    CHECK(peer.receive(5) == "hello");
    CHECK(*run(exchange(server.endpoint(), "again")) == "again");
    CHECK(server.log().find("address=unix") != std::string::npos);
  }
  CHECK_FALSE(std::filesystem::exists(folder / "echo.sock"));
}

TEST_CASE("Server: answers over IPv6, and takes IPv4 on the same socket without a host") {
  RunningServer both{listening("tcp://:0")};
  Peer peer{both.port()};
  CHECK(peer.send("four"));
  CHECK(peer.receive(4) == "four");
  CHECK(both.logged("address=127.0.0.1"));  // Not ::ffff:127.0.0.1.
  const auto six =
      run(exchange(*parse_endpoint("tcp://[::1]:" + std::to_string(both.port())), "6"));
  if (six) CHECK(*six == "6");  // A kernel without IPv6 cannot connect.
}

TEST_CASE("Server: answers over TLS, whether announced or told by the first byte") {
  for (const TlsMode mode : {TlsMode::always, TlsMode::detect}) {
    RunningServer server{listening("tls://127.0.0.1:0", mode)};
    const std::string bytes = noise(300'000);
    const auto back = run(exchange(server.endpoint(), bytes));
    REQUIRE(back);
    CHECK(*back == bytes);
  }
}

TEST_CASE("Server: a port that detects TLS answers plain bytes as well") {
  RunningServer server{listening("tcp://127.0.0.1:0", TlsMode::detect)};
  Peer peer{server.port()};
  CHECK(peer.send("\x15plain"));
  CHECK(peer.receive(6) == "\x15plain");
}

TEST_CASE("Server: a plain peer on a TLS port is refused with a reason") {
  RunningServer server{listening("tls://127.0.0.1:0", TlsMode::always)};
  Peer peer{server.port()};
  CHECK(peer.send("GET / HTTP/1.1\r\n\r\n"));
  peer.receive_all();
  CHECK(server.logged("refuse address=127.0.0.1"));
  CHECK(server.log().find("cannot agree on TLS") != std::string::npos);
}

TEST_CASE("Server: without a certificate a TLS port refuses, and a detecting one is plain") {
  RunningServer::Plan plan = listening("tls://127.0.0.1:0", TlsMode::always);
  plan.tls = std::nullopt;
  RunningServer strict{plan};
  Peer refused{strict.port()};
  CHECK(refused.ended());
  CHECK(strict.logged("there is no certificate"));
  plan.service = echo_service(TlsMode::detect);
  RunningServer plain{plan};
  Peer peer{plain.port()};
  CHECK(peer.send("\x16\x03\x01"));
  CHECK(peer.receive(3) == "\x16\x03\x01");
}

TEST_CASE("Server: ten thousand small messages come back in their order") {
  RunningServer server;
  Peer peer{server.port()};
  std::string sent;
  for (int i = 0; i < 10'000; ++i)
    sent += std::to_string(i) + "\n";
  std::string back;
  std::size_t at = 0;
  // In flight at most a few messages, so that each is a message of its own on the wire.
  for (std::size_t next = sent.find('\n'); next != std::string::npos; next = sent.find('\n', at)) {
    REQUIRE(peer.send(std::string_view{sent}.substr(at, next + 1 - at)));
    at = next + 1;
    if (at - back.size() > 100) back += peer.receive(at - back.size());
  }
  back += peer.receive(sent.size() - back.size());
  CHECK(back == sent);
}

TEST_CASE("Server: a peer that has said all gets all answers, then the end") {
  RunningServer server;
  const std::string bytes = noise(3'000'000);
  Peer peer{server.port()};
  std::thread sender{[&] {
    peer.send(bytes);
    peer.half_close();
  }};
  const std::string back = peer.receive_all();
  sender.join();
  CHECK(back == bytes);
  CHECK_FALSE(peer.was_reset());
}

TEST_CASE("Server: sixteen mebibytes reach a peer that reads slowly and in crumbs") {
  RunningServer server;
  const std::string bytes = noise(16 * 1024 * 1024);
  Peer peer{server.port(), 4096};
  std::thread sender{[&] {
    peer.send(bytes);
    peer.half_close();
  }};
  std::string back;
  back.reserve(bytes.size());
  for (std::size_t size = 1; back.size() < bytes.size(); size = size * 5 % 65'521 + 1) {
    const std::string piece = peer.receive(std::min(size, bytes.size() - back.size()));
    if (piece.empty()) break;
    back += piece;
  }
  CHECK(peer.ended());
  sender.join();
  CHECK(back == bytes);
}

TEST_CASE("Server: a fresh certificate counts for the next connection, not for the present one") {
  RunningServer server{listening("tls://127.0.0.1:0", TlsMode::always)};
  CHECK(*run(exchange(server.endpoint(), "before")) == "before");
  server.server().replace_tls(server_tls());
  CHECK(*run(exchange(server.endpoint(), "after")) == "after");
}
