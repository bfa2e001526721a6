// Tests of connections that live on without a coroutine: when they are asked to go on, that they
// rest, and that they end as others do.
#include <asio/steady_timer.hpp>
#include <atomic>
#include <doctest/doctest.h>
#include <memory>

#include "net/rig.hpp"
#include "net/spawn.hpp"
#include "net/worker.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace netkit::net::tests;
using namespace std::chrono_literals;

namespace {

struct Counts {
  std::atomic<int> rests{0};
  std::atomic<int> gone{0};
};

/// Sends back what comes. Rests after an "r", ends at a "q", fails at an "f".
class Echoer final : public Resident {
 public:
  Echoer(Connection& connection, Counts& counts) : connection_{connection}, counts_{counts} {}
  ~Echoer() override { ++counts_.gone; }

  Result<Next> go_on(After after) override {
    for (bool hears = after != After::readable;; hears = true) {
      if (hears && !connection_.received().empty()) {
        const std::span<char> unread = connection_.received().unread();
        const std::string bytes{unread.data(), unread.size()};
        connection_.received().consume(bytes.size());
        if (Status posted = connection_.post(bytes); !posted) return posted.error();
        if (bytes.find('q') != std::string::npos) return Next::end;
        if (bytes.find('f') != std::string::npos) return Errc::malformed;
        if (bytes.find('r') != std::string::npos) return Next::rest;
      }
      const Result<Connection::Received> got = connection_.try_receive();
      if (!got) return got.error();
      if (*got == Connection::Received::end) return Next::end;
      if (*got == Connection::Received::bytes) continue;
      connection_.received().keep();
      return Next::readable;
    }
  }

  asio::awaitable<void> rest() override {
    ++counts_.rests;
    connection_.received().keep();
    asio::steady_timer timer{connection_.worker().io(), 1ms};
    std::error_code cancelled;
    co_await timer.async_wait(into(cancelled));
  }

  void finish(const Status& ended) override {
    static_cast<void>(connection_.post(ended ? "bye" : "no"));
  }

 private:
  Connection& connection_;
  Counts& counts_;
};

asio::awaitable<Status> leave_to_echoer(Connection& connection, Counts& counts) {
  connection.introduce("raw");
  connection.touch();
  connection.leave_to(std::make_unique<Echoer>(connection, counts));
  co_return ok;
}

RunningServer::Plan plan_with(Counts& counts, TlsMode tls = TlsMode::never) {
  RunningServer::Plan plan;
  plan.service = echo_service(tls);
  plan.service.on_connection = [&](Connection& each) { return leave_to_echoer(each, counts); };
  return plan;
}

}  // namespace

TEST_CASE("Resident: goes on with each piece that comes, and says goodbye at the end") {
  Counts counts;
  RunningServer server{plan_with(counts)};
  Peer peer{server.port()};
  for (int count = 0; count < 3; ++count) {
    CHECK(peer.send("abc"));
    CHECK(peer.receive(3) == "abc");
  }
  peer.half_close();
  CHECK(peer.receive_all() == "bye");
  CHECK_FALSE(peer.was_reset());
  CHECK(server.logged("reason=closed"));
  CHECK(counts.gone == 1);
}

TEST_CASE("Resident: takes what came before its own beginning, over TLS as well") {
  Counts counts;
  RunningServer server{plan_with(counts, TlsMode::detect)};
  Peer peer{server.port()};
  CHECK(peer.send("abcq"));
  CHECK(peer.receive_all() == "abcqbye");
}

TEST_CASE("Resident: rests and goes on, however often") {
  Counts counts;
  RunningServer server{plan_with(counts)};
  Peer peer{server.port()};
  for (int count = 0; count < 20; ++count) {
    CHECK(peer.send("r"));
    CHECK(peer.receive(1) == "r");
  }
  CHECK(peer.send("q"));
  CHECK(peer.receive_all() == "qbye");
  CHECK(counts.rests == 20);
}

TEST_CASE("Resident: its error is the reason of the end") {
  Counts counts;
  RunningServer server{plan_with(counts)};
  Peer peer{server.port()};
  CHECK(peer.send("f"));
  CHECK(peer.receive_all() == "fno");
  CHECK(server.logged(Error{Errc::malformed}.message()));
}

TEST_CASE("Resident: a reset ends it") {
  Counts counts;
  RunningServer server{plan_with(counts)};
  Peer peer{server.port()};
  CHECK(peer.send("a"));
  CHECK(peer.receive(1) == "a");
  peer.reset();
  CHECK(server.reaches(0));
  CHECK(counts.gone == 1);
}

TEST_CASE("Resident: the idle limit ends its wait") {
  Counts counts;
  RunningServer::Plan plan = plan_with(counts);
  plan.options.idle_limit = 100ms;
  RunningServer server{std::move(plan)};
  Peer peer{server.port()};
  peer.receive_all();  // The last word may be lost: nobody waits for such a peer to take it.
  CHECK(server.logged("timed out"));
}

TEST_CASE("Resident: draining wakes it for what was sent, and it ends in order") {
  Counts counts;
  RunningServer::Plan plan = plan_with(counts);
  plan.options.drain_limit = hang_limit;
  RunningServer server{std::move(plan)};
  Peer silent{server.port()};
  Peer peer{server.port()};
  CHECK(peer.send("a"));
  CHECK(peer.receive(1) == "a");
  CHECK(server.reaches(2));
  server.server().drain();
  CHECK(peer.receive_all() == "bye");
  CHECK(silent.receive_all() == "bye");
  peer.close();
  silent.close();
  CHECK(server.wait());
  CHECK(counts.gone == 2);
}

TEST_CASE("Resident: a server that stops takes those that sleep with it") {
  Counts counts;
  {
    RunningServer::Plan plan = plan_with(counts);
    plan.options.drain_limit = 0ns;
    RunningServer server{std::move(plan)};
    Peer peer{server.port()};
    CHECK(peer.send("a"));
    CHECK(peer.receive(1) == "a");
    server.server().drain();
    CHECK(server.wait());
  }
  CHECK(counts.gone == 1);
}
