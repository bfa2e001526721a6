// Meshes of any shape under cuts, restarts and clients that move on, by fixed random numbers:
// nothing lost, nothing twice, each sender's messages in order.
#include <algorithm>

#include "tests/unit/relay/mesh_world.hpp"

using namespace netkit;
using namespace netkit::relay;
using namespace netkit::relay::test;

namespace {

/// Sends again at each relay it comes to what that one does not know of it.
struct Client {
  SenderKey key = 0;
  std::size_t home = 0;
  std::uint64_t said = 0;
};

class Chaos {
 public:
  Chaos(unsigned seed, std::size_t nodes) : random_{seed}, world_{nodes} {
    for (std::size_t i = 1; i < nodes; ++i)
      join(i, pick(i));
    for (std::size_t i = 0; i < nodes; ++i)
      join_any();
    for (std::size_t i = 0; i < nodes + 2; ++i)
      clients_.push_back({.key = 1'000 + i, .home = i % nodes});
  }

  void step(bool may_restart) {
    const std::size_t dice = pick(1'000);
    if (dice < 600) {
      carry_some();
    } else if (dice < 850) {
      say(clients_[pick(clients_.size())]);
    } else if (dice < 950) {
      world_.pass(std::chrono::milliseconds{1 + pick(100)});
    } else if (dice < 965) {
      if (!world_.wires.empty()) world_.cut(pick(world_.wires.size()));
    } else if (dice < 990) {
      join_any();
    } else if (dice < 996) {
      move(clients_[pick(clients_.size())], pick(world_.nodes.size()));
    } else if (may_restart) {
      restart(pick(world_.nodes.size()), pick(2) == 0);
    }
  }

  /// Everybody is linked again; then all have all.
  void heal() {
    for (std::size_t i = 1; i < world_.nodes.size(); ++i)
      join(i - 1, i);
    world_.settle(100);
    for (std::size_t i = 0; i < world_.nodes.size(); ++i) {
      CAPTURE(i);
      for (const Client& client : clients_) {
        CAPTURE(client.key);
        CHECK(world_[i].heard(client.key) == up_to(client.said));
      }
      for (const std::string& event : world_[i].events)
        CHECK_MESSAGE(!event.starts_with("skipped"), event);
      CHECK(world_[i].mesh().have().size() <= Mesh::logs_max);
    }
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }

  void join(std::size_t left, std::size_t right) {
    if (left != right) world_.join(left, right);
  }
  void join_any() {
    if (world_.wires.size() < 2 * world_.nodes.size())
      join(pick(world_.nodes.size()), pick(world_.nodes.size()));
  }

  void carry_some() {
    if (world_.wires.empty()) return;
    Wire& wire = *world_.wires[pick(world_.wires.size())];
    world_.carry(wire, pick(2), 100 + pick(5'000), 1 + pick(5));
  }

  void say(Client& client) {
    for (std::size_t count = 1 + pick(5); count > 0; --count)
      REQUIRE(world_[client.home].say(client.key, ++client.said));
  }

  void move(Client& client, std::size_t home) {
    client.home = home;
    const std::uint64_t known = world_[home].mesh().senders().known(client.key);
    for (std::uint64_t number = known + 1; number <= client.said; ++number)
      REQUIRE(world_[home].say(client.key, number));
  }

  void restart(std::size_t index, bool restore) {
    Node& old = world_[index];
    for (const RelayFacts& facts : old.mesh().relays())
      facts_[facts.log] = facts;
    const std::vector<Bundle> kept = old.kept;
    world_.cut_all_of(old);
    world_.nodes[index] =
        std::make_unique<Node>("r" + std::to_string(index), ++world_.keys, world_.now);
    if (restore) {
      for (const Bundle& bundle : kept) {
        const Status restored =
            world_[index].mesh().restore(facts_.at(bundle.log), bundle, world_.now);
        if (!restored) FAIL(restored.error().message());
      }
      world_[index].kept = kept;
      world_[index].mesh().tick(world_.now);
    }
    for (Client& client : clients_)
      if (client.home == index) move(client, pick(world_.nodes.size()));
  }

  std::minstd_rand random_;
  World world_;
  std::vector<Client> clients_;
  std::unordered_map<LogId, RelayFacts> facts_;
};

}  // namespace

TEST_CASE("Mesh: cuts and clients that move on lose nothing and repeat nothing") {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Chaos chaos{seed, 2 + seed % 5};
    for (int i = 0; i < 1'500; ++i)
      chaos.step(false);
    chaos.heal();
  }
}

TEST_CASE("Mesh: relays that die and start again, with what they kept or without, neither") {
  for (unsigned seed = 100; seed < 112; ++seed) {
    CAPTURE(seed);
    Chaos chaos{seed, 2 + seed % 5};
    for (int i = 0; i < 1'500; ++i)
      chaos.step(true);
    chaos.heal();
  }
}
