// Tests of the end of a server: what is in flight is finished, and nobody can hold it up.
#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include "net/rig.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace netkit::net::tests;
using namespace std::chrono_literals;

namespace {

ServerOptions patient() {
  ServerOptions options;
  options.drain_limit = hang_limit;
  return options;
}

ServerOptions two_only() {
  ServerOptions options = patient();
  options.serve_only = 2;
  return options;
}

bool can_connect(std::uint16_t port) {
  return Peer{port}.connected();
}

}  // namespace

TEST_CASE("Server: draining without connections ends at once") {
  RunningServer server{patient()};
  server.server().drain();
  CHECK(server.wait());
}

TEST_CASE("Server: draining lets idle connections go in order and takes no new ones") {
  RunningServer server{patient()};
  Peer peer{server.port()};
  CHECK(peer.send("x"));
  CHECK(peer.receive(1) == "x");
  server.server().drain();
  CHECK(peer.ended());
  CHECK_FALSE(peer.was_reset());
  peer.close();
  CHECK(server.wait());
  CHECK_FALSE(can_connect(server.port()));
  CHECK(server.log().find("the drain limit has passed") == std::string::npos);
}

TEST_CASE("Server: draining answers what was sent before it, to the last byte") {
  RunningServer server{patient()};
  Peer peer{server.port(), 4096};
  const std::string bytes = noise(8 * 1024 * 1024);
  // Sent, but mostly neither read nor answered: the client does not read.
  const std::size_t sent = [&] {
    std::size_t count = 0;
    while (const std::size_t more = peer.send_now(std::string_view{bytes}.substr(count)))
      count += more;
    return count;
  }();
  REQUIRE(sent > 0);
  CHECK(server.reaches(1));
  server.server().drain();
  CHECK(server.logged("drain active=1"));
  CHECK(peer.receive_all() == bytes.substr(0, sent));
  CHECK_FALSE(peer.was_reset());
  peer.close();
  CHECK(server.wait());
}

TEST_CASE("Server: a peer that neither reads nor leaves cannot hold up the end") {
  ServerOptions options;
  options.drain_limit = 50ms;
  RunningServer server{options};
  Peer stuck{server.port(), 4096};
  const std::string bytes = noise(1024 * 1024);
  while (stuck.send_now(bytes) > 0) {
  }
  CHECK(server.reaches(1));
  server.server().drain();
  CHECK(server.wait());
  CHECK(server.log().find("the drain limit has passed") != std::string::npos);
}

TEST_CASE("Server: a peer in the middle of a handshake cannot hold up the end") {
  RunningServer::Plan plan;
  plan.listen = {"tls://127.0.0.1:0", "ws://127.0.0.1:0"};
  plan.options = patient();
  plan.service = echo_service(TlsMode::detect);
  plan.tls = server_tls();
  RunningServer server{plan};
  Peer silent{server.port(0)};
  Peer half_tls{server.port(0)};
  CHECK(half_tls.send("\x16\x03\x01"));
  Peer half_http{server.port(1)};
  CHECK(half_http.send("GET / HTTP/1.1\r\nHo"));
  CHECK(server.reaches(3));
  server.server().drain();
  CHECK(silent.ended());
  CHECK(half_tls.ended());
  CHECK(half_http.ended());
  silent.close();
  half_tls.close();
  half_http.close();
  CHECK(server.wait());
}

TEST_CASE("Server: a connection that is accepted while it drains is let go") {
  for (int round = 0; round < 20; ++round) {
    RunningServer server{patient()};
    Peer peer{server.port()};
    server.server().drain();  // Perhaps before it was accepted, perhaps after.
    CHECK(peer.ended());
    peer.close();
    CHECK(server.wait());
  }
}

TEST_CASE("Server: serve_only ends it after as many connections") {
  RunningServer server{two_only()};
  for (const char* text : {"one", "two"}) {
    Peer peer{server.port()};
    CHECK(peer.send(text));
    CHECK(peer.receive(3) == text);
  }
  CHECK(server.wait());
  CHECK_FALSE(can_connect(server.port()));
}

TEST_CASE("Server: serve_only lets a connection finish that began before the last one") {
  RunningServer server{two_only()};
  Peer first{server.port()};
  CHECK(first.send("a"));
  CHECK(first.receive(1) == "a");
  {
    Peer second{server.port()};
    CHECK(second.send("b"));
    CHECK(second.receive(1) == "b");
  }
  CHECK(first.ended());
  first.close();
  CHECK(server.wait());
}

TEST_CASE("Server: SIGTERM drains, SIGHUP reloads, and drain and stop are told") {
  int reloads = 0;
  int drains = 0;
  RunningServer::Plan plan;
  plan.options = patient();
  plan.service.on_reload = [&] { ++reloads; };
  plan.service.on_drain = [&] { ++drains; };
  RunningServer server{plan};
  ::kill(::getpid(), SIGHUP);
  CHECK(server.logged("reload"));
  ::kill(::getpid(), SIGTERM);
  CHECK(server.wait());
  CHECK(reloads == 1);
  CHECK(drains == 1);
}

TEST_CASE("Server: a second signal stops at once") {
  RunningServer server{patient()};
  Peer stuck{server.port(), 4096};
  const std::string bytes = noise(1024 * 1024);
  while (stuck.send_now(bytes) > 0) {
  }
  CHECK(server.reaches(1));
  ::kill(::getpid(), SIGINT);
  CHECK(server.logged("drain active=1"));
  ::kill(::getpid(), SIGINT);
  CHECK(server.wait());
}
