// Meshes joined in memory, for tests: time is a number, links are strings of bytes that can be cut,
// and everything that is delivered is checked to come once and in its order.
#pragma once

#include <doctest/doctest.h>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "commands/relay/link_machine.hpp"
#include "commands/relay/mesh.hpp"

namespace netkit::relay::test {

using namespace std::chrono_literals;

inline LogKey key_of(unsigned number) {
  std::string seed(32, '\0');
  seed[0] = static_cast<char>(number & 0xff);
  seed[1] = static_cast<char>(number >> 8);
  return *LogKey::from_seed(seed);
}

/// A relay: what it says itself and what it is brought is noted.
class Node : public Mesh::Hearer {
 public:
  Node(std::string name, unsigned key, Moment now, MeshSettings settings = {}) {
    settings.name = std::move(name);
    mesh_ = std::make_unique<Mesh>(settings, key_of(key), *this, now);
  }

  Mesh& mesh() { return *mesh_; }

  void enter(SenderKey sender, std::string_view nick, std::uint64_t time_ms = 1) {
    mesh_->add({.kind = RecordKind::enter, .time_ms = time_ms, .sender = sender, .nick = nick});
  }
  /// False: it was said before.
  bool say(SenderKey sender, std::uint64_t number, std::string_view text = "x") {
    if (!mesh_->senders().take_own(sender, number)) return false;
    mesh_->add({.sender = sender, .number = number, .room = "lobby", .nick = "n", .text = text});
    note(sender, number);
    return true;
  }

  void deliver(const Record& record, RecordId id) override {
    if (record.number != 0) note(record.sender, record.number);
    kinds.push_back(record.kind);
    ids.push_back(id);
    texts.emplace_back(record.text);
  }
  void skipped(const RelayFacts& relay, std::uint64_t from, std::uint64_t to) override {
    events.push_back("skipped " + relay.name + " " + std::to_string(from) + ".." +
                     std::to_string(to));
  }
  void away(const RelayFacts& relay, std::size_t people) override {
    events.push_back("away " + relay.name + " " + std::to_string(people));
  }
  void back(const RelayFacts& relay) override { events.push_back("back " + relay.name); }
  void keep(const Bundle& bundle) override { kept.push_back(bundle); }
  void acknowledged(std::uint64_t seq) override { safe = seq; }
  void links_due() override {}
  void roster_changed() override { ++rosters; }

  /// Everything of that sender that was seen here, in the order it came.
  const std::vector<std::uint64_t>& heard(SenderKey sender) { return heard_[sender]; }

  std::vector<std::string> events;
  std::vector<std::string> texts;
  std::vector<RecordKind> kinds;
  std::vector<RecordId> ids;
  std::vector<Bundle> kept;
  std::uint64_t safe = 0;
  std::size_t rosters = 0;

 private:
  void note(SenderKey sender, std::uint64_t number) {
    std::vector<std::uint64_t>& numbers = heard_[sender];
    // Never twice, never out of order.
    REQUIRE((numbers.empty() || numbers.back() < number));
    numbers.push_back(number);
  }

  std::unique_ptr<Mesh> mesh_;
  std::unordered_map<SenderKey, std::vector<std::uint64_t>> heard_;
};

/// A connection between two: bytes on their way, and a machine at each end.
struct Wire {
  Wire(Node& left, Node& right, Moment now)
      : ends{std::make_unique<LinkMachine>(left.mesh(), right.mesh().name(), now),
             std::make_unique<LinkMachine>(right.mesh(), left.mesh().name(), now)},
        nodes{&left, &right} {}

  std::unique_ptr<LinkMachine> ends[2];
  Node* nodes[2];
  std::string bytes[2];  ///< [0]: from the left end to the right one.
};

/// Takes what frames there are at the front of `bytes`, at most `frames`.
inline Status drain(LinkMachine& machine, std::string& bytes, Moment now,
                    std::size_t frames = ~std::size_t{0}) {
  const wire::FrameDecoder decoder{link_frame_size_max};
  std::size_t used = 0;
  for (; frames > 0; --frames) {
    auto decoded = decoder.next(std::span{bytes}.subspan(used));
    REQUIRE(decoded);
    if (!decoded->message) break;
    if (Status heard = machine.hear(*decoded->message, now); !heard) return heard;
    used += decoded->used;
  }
  bytes.erase(0, used);
  return ok;
}

class World {
 public:
  explicit World(std::size_t count, MeshSettings settings = {}) {
    for (std::size_t i = 0; i < count; ++i)
      add(settings);
  }

  Node& add(MeshSettings settings = {}) {
    const std::string name = "r" + std::to_string(nodes.size());
    nodes.push_back(std::make_unique<Node>(name, ++keys, now, settings));
    return *nodes.back();
  }
  Node& operator[](std::size_t index) { return *nodes[index]; }

  Wire& join(std::size_t left, std::size_t right) {
    wires.push_back(std::make_unique<Wire>(*nodes[left], *nodes[right], now));
    return *wires.back();
  }
  void cut(std::size_t wire) { wires.erase(wires.begin() + static_cast<std::ptrdiff_t>(wire)); }
  void cut_all_of(Node& node) {
    std::erase_if(wires, [&](const auto& wire) {
      return wire->nodes[0] == &node || wire->nodes[1] == &node;
    });
  }

  /// One direction of a link writes, and its other end reads.
  void carry(Wire& wire, std::size_t from, std::size_t size_max = 64 * 1024,
             std::size_t frames = ~std::size_t{0}) {
    wire.nodes[from]->mesh().seal();
    if (wire.bytes[from].size() < size_max) wire.ends[from]->fill(wire.bytes[from], size_max, now);
    const Status heard = drain(*wire.ends[1 - from], wire.bytes[from], now, frames);
    if (!heard) FAIL(heard.error().message());
  }
  void pass(std::chrono::nanoseconds time) {
    now.steady += time;
    now.wall_ms += static_cast<std::uint64_t>(time / 1ms);
    for (auto& node : nodes)
      node->mesh().tick(now);
  }
  /// Until nothing moves for `turns` turns of 100 ms.
  void settle(std::size_t turns = 3) {
    for (std::size_t i = 0; i < turns; ++i) {
      for (std::size_t round = 0; round < 20; ++round)
        for (auto& wire : wires) {
          carry(*wire, 0);
          carry(*wire, 1);
        }
      pass(100ms);
    }
  }

  Moment now{.steady = 100s, .wall_ms = 1'700'000'000'000};
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<std::unique_ptr<Wire>> wires;
  unsigned keys = 0;
};

inline std::vector<std::uint64_t> up_to(std::uint64_t last) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = 1; number <= last; ++number)
    numbers.push_back(number);
  return numbers;
}

}  // namespace netkit::relay::test
