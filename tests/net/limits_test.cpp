// Tests of what a server puts up with: silence, broken streams, too many peers, unwanted ones, and
// no file descriptor left.
#include <algorithm>
#include <doctest/doctest.h>
#include <memory>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include "net/rig.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace netkit::net::tests;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view handshake =
    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

RunningServer::Plan impatient(std::string at, TlsMode mode, std::chrono::nanoseconds limit = 50ms) {
  RunningServer::Plan plan;
  plan.listen = {std::move(at)};
  plan.options.handshake_limit = limit;
  plan.service = echo_service(mode);
  plan.tls = server_tls();
  return plan;
}

bool answers(std::uint16_t port) {
  Peer peer{port};
  return peer.send("hello") && peer.receive(5) == "hello";
}

/// Lets this process open no descriptor more than it has, but for the lowest free one.
class OpenFileLimit {
 public:
  explicit OpenFileLimit(rlim_t limit) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit now{limit, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  OpenFileLimit(const OpenFileLimit&) = delete;
  OpenFileLimit& operator=(const OpenFileLimit&) = delete;
  ~OpenFileLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("Server: a peer that says nothing during a TLS handshake is dropped") {
  RunningServer server{impatient("tls://127.0.0.1:0", TlsMode::always)};
  Peer silent{server.port()};
  CHECK(silent.ended());
  Peer stalled{server.port()};  // The head of a TLS record, and no more.
  CHECK(stalled.send(std::string_view{"\x16\x03\x01\x02\x00\x01", 6}));
  CHECK(stalled.ended());
  CHECK(server.reaches(0));
  CHECK(server.logged("reason=\"timed out\""));
}

TEST_CASE("Server: a peer that does not send its first byte, where that tells TLS, is dropped") {
  RunningServer server{impatient("tcp://127.0.0.1:0", TlsMode::detect)};
  Peer silent{server.port()};
  CHECK(silent.ended());
  CHECK(server.reaches(0));
}

TEST_CASE("Server: a peer that does not finish its HTTP request is dropped") {
  RunningServer server{impatient("ws://127.0.0.1:0", TlsMode::never)};
  Peer silent{server.port()};
  CHECK(silent.ended());
  Peer half{server.port()};
  CHECK(half.send(handshake.substr(0, 40)));
  CHECK(half.ended());
  CHECK(server.reaches(0));
}

TEST_CASE("Server: a peer that feeds its HTTP request byte by byte wins no time by it") {
  RunningServer server{impatient("ws://127.0.0.1:0", TlsMode::never)};
  Peer slow{server.port()};
  // Endless: each byte comes in time for a limit between bytes, never for one on the whole.
  std::size_t sent = 0;
  const bool dropped =
      becomes_true([&] { return !slow.send(sent++ < 16 ? handshake.substr(sent - 1, 1) : "a"); });
  CHECK(dropped);
  CHECK(server.reaches(0));
}

TEST_CASE("Server: a WebSocket peer has no handshake limit once it is one") {
  RunningServer server{impatient("ws://127.0.0.1:0", TlsMode::never, 1s)};
  Peer peer{server.port()};
  REQUIRE(peer.send(handshake));
  CHECK(peer.receive(12) == "HTTP/1.1 101");
  Peer silent{server.port()};
  CHECK(silent.ended());  // A whole handshake limit has passed since.
  CHECK(server.reaches(1));
}

TEST_CASE("Server: an idle peer is dropped, a busy one is not") {
  RunningServer server{options_with([](auto& options) { options.idle_limit = 1s; })};
  Peer idle{server.port()};
  Peer busy{server.port()};
  REQUIRE(server.reaches(2));
  std::thread talker{[&] {
    while (server.server().counters().active > 1)
      if (!busy.send("x") || busy.receive(1) != "x") break;
  }};
  CHECK(idle.ended());
  CHECK(server.reaches(1));
  talker.join();
  CHECK(busy.send("y"));
  CHECK(busy.receive(1) == "y");
}

TEST_CASE("Server: resets at every stage end the connection and nothing else") {
  RunningServer server{impatient("ws://127.0.0.1:0", TlsMode::detect, hang_limit)};
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, handshake.size() / 2}) {
    Peer peer{server.port()};
    CHECK(peer.send(handshake.substr(0, size)));
    peer.reset();
  }
  for (const std::string_view part :
       {std::string_view{"\x82", 1}, std::string_view{"\x82\xFE\xEA\x60\0\0\0\0half", 12}}) {
    Peer peer{server.port()};
    REQUIRE(peer.send(handshake));
    REQUIRE(peer.receive(12) == "HTTP/1.1 101");
    REQUIRE(peer.send(part));
    peer.reset();
  }
  CHECK(server.reaches(0));
  Peer peer{server.port()};
  CHECK(peer.send(handshake));
  CHECK(peer.receive(12) == "HTTP/1.1 101");
}

TEST_CASE("Server: a reset while an answer is on its way ends the connection and nothing else") {
  RunningServer server;
  for (int i = 0; i < 20; ++i) {
    Peer peer{server.port(), 4096};
    peer.send_now(noise(1024 * 1024));
    peer.reset();
  }
  CHECK(server.reaches(0));
  CHECK(answers(server.port()));
}

TEST_CASE("Server: takes no more connections than allowed, and takes them again") {
  RunningServer server{options_with([](auto& options) { options.connections_max = 2; })};
  Peer first{server.port()};
  {
    Peer second{server.port()};
    CHECK(second.send("x"));
    CHECK(second.receive(1) == "x");
    CHECK(first.send("y"));
    CHECK(first.receive(1) == "y");
    Peer third{server.port()};
    CHECK(third.ended());
    CHECK(server.logged("reason=\"as many connections as allowed\""));
  }
  CHECK(server.reaches(1));
  CHECK(answers(server.port()));
}

TEST_CASE("Server: refuses networks by its lists, and by new ones from then on") {
  ServerOptions options;
  options.access.deny = {*Network::parse("127.0.0.0/8")};
  RunningServer server{options};
  Peer refused{server.port()};
  CHECK(refused.ended());
  CHECK(server.logged("refuse address=127.0.0.1 reason=\"denied by --allow or --deny\""));
  options.access.deny.clear();
  server.server().replace_options(options);
  CHECK(answers(server.port()));
  options.access.allow = {*Network::parse("192.0.2.0/24")};
  server.server().replace_options(options);
  Peer other{server.port()};
  CHECK(other.ended());
}

TEST_CASE("Server: survives a time without file descriptors") {
  RunningServer server;
  Peer waiting{server.port()};
  REQUIRE(waiting.send("x"));
  REQUIRE(waiting.receive(1) == "x");
  // Connected by the kernel, but not accepted: there is no descriptor for the server's end.
  std::vector<FileDescriptor> ours;
  for (int i = 0; i < 4; ++i)
    ours.emplace_back(::dup(waiting.handle()));
  const auto highest = static_cast<rlim_t>(ours.back().get());
  {
    ours.pop_back();
    std::unique_ptr<Peer> late;
    {
      // The last free descriptor is for the client.
      const OpenFileLimit limit{highest + 1};
      late = std::make_unique<Peer>(server.port());
      REQUIRE(late->connected());
      CHECK(server.logged("Too many open files"));
      CHECK(waiting.send("still"));
      CHECK(waiting.receive(5) == "still");
    }
    CHECK(late->send("at last"));
    CHECK(late->receive(7) == "at last");
  }
  CHECK(answers(server.port()));
}
