// Tests of a peer in a group on this machine: what it says by itself, and what it is asked.
#include "commands/presence/herald.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <doctest/doctest.h>
#include <map>
#include <vector>

#include "commands/presence/porter.hpp"
#include "log/sink.hpp"
#include "net/rig.hpp"
#include "net/spawn.hpp"

using namespace netkit;
using namespace netkit::presence;
using namespace std::chrono_literals;

namespace {

Announcement named(std::string name) {
  Announcement self;
  self.name = std::move(name);
  self.instance = 7;
  self.tcp_port = 4000;
  return self;
}

std::uint16_t free_port(asio::io_context& context) {
  asio::ip::udp::socket socket{context, {asio::ip::udp::v4(), 0}};
  return socket.local_endpoint().port();
}

/// On loopback alone, so that nobody elsewhere hears it.
net::MulticastOptions group_on_loopback(std::uint16_t port) {
  net::MulticastOptions group = group_options(port, true);
  group.group_v6.reset();
  group.admits = [](const net::Interface& interface) { return interface.loopback; };
  return group;
}

/// Somebody else in the group who keeps what comes, a datagram once however often it comes.
class Witness {
 public:
  Witness(asio::io_context& context, log::Logger& log, const net::MulticastOptions& group)
      : words{pair, named("witness")} {
    auto opened = net::Multicast::open(context, log, group);
    REQUIRE(opened);
    group_ = std::move(*opened);
    asio::co_spawn(context, listen(*group_, heard), net::rethrow);
  }
  ~Witness() { group_->stop(); }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  net::Multicast& group() { return *group_; }
  std::size_t count(Kind kind) const {
    return static_cast<std::size_t>(std::ranges::count(heard, kind, &Announcement::kind));
  }

  identity::KeyPair pair = identity::KeyPair::make();
  OwnWords words;
  std::vector<Announcement> heard;

 private:
  static asio::awaitable<void> listen(net::Multicast& group, std::vector<Announcement>& heard) {
    for (;;) {
      const auto received = co_await group.receive();
      if (!received) co_return;
      const auto said = decode(received->bytes);
      if (said && is_authentic(received->bytes) && !std::ranges::count(heard, *said))
        heard.push_back(*said);
    }
  }
  std::unique_ptr<net::Multicast> group_;
};

struct World {
  World() : group{group_on_loopback(free_port(context))}, witness{context, log, group} {
    ana = Herald::open(context, log, ana_words, group);
    REQUIRE(ana->port() != 0);
    ana_words.set_udp_port(ana->port());
    ana->start();
  }
  ~World() {
    ana->stop();
    ana.reset();
    context.run_for(10ms);
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  template <typename Holds>
  bool until(Holds holds) {
    const auto end = std::chrono::steady_clock::now() + net::tests::hang_limit;
    while (!holds() && std::chrono::steady_clock::now() < end)
      context.run_for(5ms);
    return holds();
  }

  log::MemorySink sink;
  log::Logger log{"test", sink};
  asio::io_context context{1};
  net::MulticastOptions group;
  Witness witness;
  identity::KeyPair ana_pair = identity::KeyPair::make();
  OwnWords ana_words{ana_pair, named("ana")};
  std::shared_ptr<Herald> ana;
};

}  // namespace

TEST_CASE("Herald: says that it is here, again and again, and where it takes questions") {
  World world;
  CHECK(world.until([&] { return world.witness.count(Kind::announce) >= 4; }));
  const Announcement& said = world.witness.heard.front();
  CHECK(said.name == "ana");
  CHECK(said.key == world.ana_words.key());
  CHECK(said.udp_port == world.ana->port());
}

TEST_CASE("Herald: answers who asks the group, and who asks it alone") {
  World world;
  (void)world.witness.group().send(world.witness.words.say(Kind::ask, 11));
  const asio::ip::udp::endpoint at{asio::ip::address_v4::loopback(), world.ana->port()};
  (void)world.witness.group().send_to(world.witness.words.say(Kind::ask, 12, world.ana_words.key()),
                                      at);
  CHECK(world.until([&] { return world.witness.count(Kind::answer) == 2; }));
  for (const Announcement& each : world.witness.heard)
    if (each.kind == Kind::answer) CHECK(each.about == world.witness.words.key());
}

TEST_CASE("Herald: asks somebody for a daemon and hands back what comes") {
  World world;
  identity::KeyPair bert_pair = identity::KeyPair::make();
  OwnWords bert_words{bert_pair, named("bert")};
  const auto bert = Herald::open(world.context, world.log, bert_words, world.group);
  bert->start();
  std::vector<Asked> asked;
  world.ana->on_answer = [&](const Asked& each) { asked.push_back(each); };
  identity::KeyPair daemon_pair = identity::KeyPair::make();
  OwnWords daemon{daemon_pair, named("daemon")};
  AskFor ask;
  ask.request = 5;
  ask.port = bert->port();
  ask.addresses = {asio::ip::make_address("127.0.0.1")};
  ask.question = daemon.say(Kind::ask, 77, bert_words.key());
  world.ana->carry(ask, daemon.key());
  CHECK(world.until([&] { return !asked.empty(); }));
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].request == 5);
  CHECK(is_authentic(asked[0].answer));
  CHECK(decode(asked[0].answer)->nonce == 77);
  bert->stop();
}

TEST_CASE("Herald: takes its leave several times, then is silent") {
  World world;
  CHECK(world.until([&] { return world.witness.count(Kind::announce) > 0; }));
  bool over = false;
  asio::co_spawn(world.context, Herald::leave(world.ana), [&](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
    world.ana->stop();
    over = true;
  });
  CHECK(world.until([&] { return over && world.witness.count(Kind::leave) == 3; }));
}

TEST_CASE("Herald: without a group it says nothing, and nothing breaks") {
  asio::io_context context{1};
  log::MemorySink sink;
  log::Logger log{"test", sink};
  const identity::KeyPair pair = identity::KeyPair::make();
  OwnWords words{pair, named("ana")};
  const auto ana = Herald::open(context, log, words, group_options(2003, false));
  CHECK(ana->port() == 0);
  CHECK(ana->group() == nullptr);
  ana->start();
  ana->announce();
  asio::co_spawn(context, Herald::leave(ana), net::rethrow);
  context.run();
  ana->stop();
}
