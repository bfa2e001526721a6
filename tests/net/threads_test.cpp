// Tests of servers with several threads: work that overlaps, reloads meanwhile, an end for all.
#include <atomic>
#include <doctest/doctest.h>
#include <memory>
#include <set>

#include "net/rig.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::net;
using namespace netkit::net::tests;
using support::TemporaryFolder;

namespace {

ServerOptions threads(unsigned count) {
  ServerOptions options;
  options.threads = count;
  options.drain_limit = hang_limit;
  return options;
}

/// Exchanges `count` messages of about 20 KB each, so that the threads' work overlaps.
bool converse(Peer& peer, int count, std::uint32_t seed) {
  const std::string bytes = noise(20'000, seed);
  for (int i = 0; i < count; ++i)
    if (!peer.send(bytes) || peer.receive(bytes.size()) != bytes) return false;
  return true;
}

}  // namespace

TEST_CASE("Server: many peers on two threads each get their own bytes") {
  RunningServer server{threads(2)};
  std::atomic<int> well{0};
  {
    std::vector<std::jthread> clients;
    for (std::uint32_t i = 0; i < 8; ++i)
      clients.emplace_back([&, i] {
        for (int round = 0; round < 5; ++round) {
          Peer peer{server.port()};
          well += converse(peer, 20, i) ? 1 : 0;
        }
      });
  }
  CHECK(well == 40);
  CHECK(server.reaches(0));
  CHECK(server.server().counters().accepted == 40);
}

TEST_CASE("Server: the only socket of a unix listener is served by all threads in turn") {
  const TemporaryFolder folder;
  std::mutex mutex;
  std::set<unsigned> seen;
  RunningServer::Plan plan;
  plan.listen = {"unix:" + (folder / "s")};
  plan.options = threads(3);
  plan.service.on_connection = [&](Connection& connection) {
    {
      const std::lock_guard lock{mutex};
      seen.insert(connection.worker().index());
    }
    return echo_bytes(connection);
  };
  RunningServer server{plan};
  std::vector<std::unique_ptr<Peer>> peers;
  for (std::uint32_t i = 0; i < 6; ++i) {
    peers.push_back(std::make_unique<Peer>(folder / "s"));
    CHECK(converse(*peers.back(), 2, i));
  }
  CHECK(seen == std::set<unsigned>{0, 1, 2});
}

TEST_CASE("Server: options and certificates may be replaced while connections come and go") {
  RunningServer::Plan plan;
  plan.options = threads(2);
  plan.service = echo_service(TlsMode::detect);
  plan.tls = server_tls();
  RunningServer server{plan};
  std::atomic<bool> done{false};
  std::jthread reloads{[&, tls = server_tls()] {
    while (!done) {
      server.server().replace_options(plan.options);
      server.server().replace_tls(tls);
    }
  }};
  for (std::uint32_t i = 0; i < 50; ++i) {
    Peer peer{server.port()};
    CHECK(converse(peer, 2, i));
  }
  done = true;
}

TEST_CASE("Server: draining ends all threads, with work under way on each") {
  for (int round = 0; round < 5; ++round) {
    RunningServer server{threads(3)};
    std::atomic<bool> stop{false};
    std::vector<std::jthread> clients;
    for (std::uint32_t i = 0; i < 6; ++i)
      clients.emplace_back([&, i] {
        Peer peer{server.port()};
        while (!stop && converse(peer, 1, i)) {
        }
      });
    CHECK(server.reaches(6));
    server.server().drain();
    CHECK(server.wait());
    stop = true;
    CHECK(server.log().find("the drain limit has passed") == std::string::npos);
  }
}

TEST_CASE("Server: every thread ticks") {
  std::mutex mutex;
  std::set<unsigned> seen;
  RunningServer::Plan plan;
  plan.options = threads(2);
  plan.service.on_tick = [&](Worker& worker) {
    const std::lock_guard lock{mutex};
    seen.insert(worker.index());
  };
  RunningServer server{plan};
  CHECK(becomes_true([&] {
    const std::lock_guard lock{mutex};
    return seen.size() == 2;
  }));
}
