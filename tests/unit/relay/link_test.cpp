// A link over a socket pair, with a mesh at each end.
#include "commands/relay/link.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <doctest/doctest.h>
#include <optional>
#include <sys/socket.h>

#include "net/spawn.hpp"
#include "unit/relay/mesh_world.hpp"

namespace netkit::relay {
namespace {

using namespace std::chrono_literals;
using test::Node;

constexpr std::chrono::seconds hang_limit{30};

/// Both ends of a socket, each with a relay of its own at it, on one thread.
struct Ends {
  explicit Ends(LinkPace wanted = {}) : pace{std::move(wanted)} {
    int sockets[2] = {-1, -1};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0);
    streams[0].emplace(io.get_executor(), FileDescriptor{sockets[0]});
    streams[1].emplace(io.get_executor(), FileDescriptor{sockets[1]});
    for (std::size_t i = 0; i < 2; ++i) {
      carriers[i] = carry_plainly(*streams[i], {});
      with[i] = [this, i](const std::function<void(Mesh&)>& use) { use(nodes[i].mesh()); };
    }
  }

  void start(std::size_t i, std::string peer) {
    links[i].emplace(with[i], *carriers[i], std::move(peer), pace, io.get_executor());
    asio::co_spawn(io, links[i]->run(nullptr), [this, i](std::exception_ptr thrown, Status ended) {
      if (thrown) std::rethrow_exception(thrown);
      outcomes[i] = std::move(ended);
    });
  }
  /// Until each knows what the other one has.
  void start_both() {
    start(0, "bert");
    start(1, "anna");
    nodes[0].say(6, 1, "first");
    links[0]->wake();
    REQUIRE(becomes_true([&] { return nodes[1].texts.size() == 1; }));
    nodes[1].texts.clear();
  }
  /// Runs both until `holds`, with the meshes' clock ticking.
  bool becomes_true(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + hang_limit;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      for (Node& node : nodes)
        node.mesh().tick(moment_now());
      io.restart();
      io.run_one_for(10ms);
    }
    return true;
  }
  bool ends(std::size_t i) {
    return becomes_true([&] { return outcomes[i].has_value(); });
  }

  asio::io_context io{1};
  Node nodes[2] = {{"anna", 1, moment_now()}, {"bert", 2, moment_now()}};
  std::optional<net::Stream> streams[2];
  std::unique_ptr<LinkCarrier> carriers[2];
  WithMesh with[2];
  LinkPace pace;
  std::optional<Link> links[2];
  std::optional<Status> outcomes[2];
};

/// Writes `bytes` at one end, where no link is.
void write_at(Ends& ends, std::size_t i, const std::string& bytes) {
  REQUIRE(ends.streams[i]->try_write(bytes).count == bytes.size());
}

std::string frame(std::uint16_t type, std::string_view body) {
  std::string bytes;
  wire::append_frame(bytes, {.type = type, .body = body});
  return bytes;
}

TEST_CASE("Link: what is said at one end is delivered at the other") {
  Ends ends;
  ends.start_both();
  for (std::uint64_t number = 1; number <= 1000; ++number)
    ends.nodes[0].say(7, number, "hello");
  ends.links[0]->wake();
  CHECK(ends.becomes_true([&] { return ends.nodes[1].texts.size() == 1000; }));
  CHECK(ends.links[0]->status().peer == "bert");
  CHECK(ends.becomes_true([&] { return ends.links[0]->status().behind == 0; }));
  CHECK(ends.links[0]->status().sent == 1001);
}

TEST_CASE("Link: a link that finishes has sent all, and says goodbye") {
  Ends ends;
  ends.start_both();
  for (std::uint64_t number = 1; number <= 500; ++number)
    ends.nodes[0].say(7, number, "hello");
  ends.links[0]->finish();
  REQUIRE(ends.ends(1));
  CHECK(ends.nodes[1].texts.size() == 500);
  CHECK(ends.outcomes[1]->error().code == Errc::closed);
  CHECK(ends.outcomes[1]->error().hint == "relay anna has stopped");
  REQUIRE(ends.ends(0));
  CHECK(ends.outcomes[0]->error().code == Errc::stopped);
}

TEST_CASE("Link: a link that finishes waits for those who may still say something") {
  bool quiet = false;
  LinkPace pace;
  pace.is_quiet = [&] { return quiet; };
  Ends ends{pace};
  ends.start_both();
  ends.links[0]->finish();
  for (int i = 0; i < 5; ++i)
    ends.io.run_one_for(5ms);
  ends.nodes[0].say(7, 1, "last words");
  quiet = true;
  REQUIRE(ends.ends(1));
  REQUIRE(ends.nodes[1].texts.size() == 1);
  CHECK(ends.nodes[1].texts[0] == "last words");
}

TEST_CASE("Link: a peer that breaks the rules is told why and let go") {
  for (const std::string& wrong : {frame(51, "no bundle"), frame(99, ""), frame(50, "short")}) {
    Ends ends;
    ends.start(0, "mallory");
    write_at(ends, 1, wrong);
    REQUIRE(ends.ends(0));
    CHECK_FALSE(*ends.outcomes[0]);
    CHECK(ends.links[0]->refused_peer());
    std::vector<char> said(64 * 1024);
    std::string all;
    for (;;) {
      const net::Attempt attempt = ends.streams[1]->try_read(said);
      if (attempt.count == 0) break;
      all.append(said.data(), attempt.count);
    }
    const std::string why = ends.outcomes[0]->error().message();
    REQUIRE(all.size() > why.size());
    CHECK(all.substr(all.size() - why.size()) == why);
  }
}

TEST_CASE("Link: why the peer ends it is told in its words, made safe to show") {
  Ends ends;
  ends.start(0, "bert");
  write_at(ends, 1, frame(wire::frame_type::error, "you are \x1b[31mred"));
  REQUIRE(ends.ends(0));
  CHECK(ends.outcomes[0]->error().code == Errc::refused);
  CHECK(ends.outcomes[0]->error().hint == "you are \\x1b[31mred");
  CHECK_FALSE(ends.links[0]->refused_peer());
}

TEST_CASE("Link: a peer that says nothing for two heartbeats is dead") {
  LinkPace pace;
  pace.heartbeat = 20ms;
  Ends ends{pace};
  ends.start(0, "bert");
  REQUIRE(ends.ends(0));
  CHECK(ends.outcomes[0]->error().code == Errc::timed_out);
}

TEST_CASE("Link: more than --link-rate is not read at once") {
  LinkPace pace;
  pace.records_per_s = 100;
  Ends ends{pace};
  ends.start_both();
  for (std::uint64_t number = 1; number <= 3000; ++number)
    ends.nodes[0].say(7, number, "hello");
  const auto begin = std::chrono::steady_clock::now();
  ends.links[0]->wake();
  REQUIRE(ends.becomes_true([&] { return ends.nodes[1].texts.size() >= 512; }));
  CHECK(std::chrono::steady_clock::now() - begin >= 1s);
  CHECK(ends.nodes[1].texts.size() < 3000);
  CHECK_FALSE(ends.outcomes[1]);
}

}  // namespace
}  // namespace netkit::relay
