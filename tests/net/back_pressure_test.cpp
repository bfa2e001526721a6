// Tests of peers that do not read: they cost a bounded amount of memory and stop nobody else.
#include <doctest/doctest.h>
#include <memory>
#include <poll.h>
#include <vector>

#include "net/rig.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace netkit::net::tests;
using namespace std::chrono_literals;

namespace {

/// Sends until the server has taken nothing for a while.
std::size_t fill(Peer& peer, std::string_view bytes) {
  constexpr int while_ms = 30;
  std::size_t sent = 0;
  pollfd socket{peer.handle(), POLLOUT, 0};
  while (::poll(&socket, 1, while_ms) > 0) {
    const std::size_t count = peer.send_now(bytes);
    if (count == 0) break;
    sent += count;
  }
  return sent;
}

RunningServer::Plan websocket_plan() {
  RunningServer::Plan plan;
  plan.listen = {"ws://127.0.0.1:0"};
  return plan;
}

}  // namespace

TEST_CASE("Server: a peer that never reads is not read from, and others are served") {
  RunningServer server;
  Peer greedy{server.port()};
  const std::string bytes = noise(256 * 1024);
  const std::size_t before = resident_size();
  const std::size_t sent = fill(greedy, bytes);
  // What a loopback's socket buffers hold in both directions, and not what a server could.
  CHECK(sent < 64 * 1024 * 1024);
  CHECK(resident_size() < before + 32 * 1024 * 1024);
  Peer other{server.port()};
  for (int i = 0; i < 100; ++i) {
    REQUIRE(other.send("hello"));
    REQUIRE(other.receive(5) == "hello");
  }
}

TEST_CASE("Server: fifty peers that never read cost a bounded amount of memory each") {
  RunningServer server;
  const std::string bytes = noise(256 * 1024);
  const std::size_t before = resident_size();
  std::vector<std::unique_ptr<Peer>> greedy;
  for (int i = 0; i < 50; ++i) {
    greedy.push_back(std::make_unique<Peer>(server.port(), 4096));
    REQUIRE(greedy.back()->connected());
    fill(*greedy.back(), bytes);
  }
  // One batch waits for each of them: 256 KiB, and what an allocator makes of it.
  CHECK(resident_size() < before + 50 * 1024 * 1024);
  Peer other{server.port()};
  CHECK(other.send("hello"));
  CHECK(other.receive(5) == "hello");
}

TEST_CASE("Server: what a peer left unread for long comes in the end, whole") {
  RunningServer server;
  Peer lazy{server.port()};
  const std::string bytes = noise(256 * 1024);
  const std::size_t sent = fill(lazy, bytes);
  lazy.half_close();
  const std::string back = lazy.receive_all();
  CHECK(back.size() == sent);
  CHECK(back.substr(0, 1000) == bytes.substr(0, 1000));
}

TEST_CASE("Server: a WebSocket peer that asks for more than it reads is held up as well") {
  RunningServer server{websocket_plan()};
  Peer greedy{server.port(), 4096};
  REQUIRE(
      greedy.send("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
  REQUIRE(server.logged("dialect=ws"));
  // Masked with zeros: FIN and binary, MASK and 126, length 60,000, key, payload.
  std::string frame{"\x82\xFE\xEA\x60\0\0\0\0", 8};
  frame.append(60'000, 'x');
  std::string frames;
  for (int i = 0; i < 20; ++i)
    frames += frame;
  const std::size_t before = resident_size();
  CHECK(fill(greedy, frames) < 64 * 1024 * 1024);
  CHECK(resident_size() < before + 32 * 1024 * 1024);
}

TEST_CASE("Server: an idle limit ends a peer that does not read") {
  RunningServer server{options_with([](auto& options) { options.idle_limit = 50ms; })};
  Peer greedy{server.port(), 4096};
  fill(greedy, noise(256 * 1024));
  CHECK(server.logged("timed out"));
  CHECK(server.reaches(0));
}
