// A hall with an outside that records what it wanted, conversations that keep what they were told,
// and peers that sign as real ones do.
#pragma once

#include <deque>
#include <doctest/doctest.h>
#include <memory>

#include "commands/presence/hall.hpp"
#include "log/sink.hpp"
#include "wire/frame.hpp"

namespace netkit::presence::test {

using namespace std::chrono_literals;

using Endpoint = asio::ip::udp::endpoint;

/// What a hall posts to one conversation, cut into frames.
struct Ear final : Guest {
  explicit Ear(asio::ip::address from) : from_{std::move(from)} {}
  void post(std::string_view frames) override { bytes += frames; }
  bool takes_more() const override { return takes && bytes.size() < room; }
  asio::ip::address address() const override { return from_; }
  void end() override { ended = true; }

  /// The frames since the last call.
  std::vector<std::pair<std::uint16_t, std::string>> frames() {
    std::vector<std::pair<std::uint16_t, std::string>> all;
    const wire::FrameDecoder decoder{message_size_max};
    std::span<char> unread{bytes};
    while (!unread.empty()) {
      const auto decoded = decoder.next(unread);
      REQUIRE(decoded);
      REQUIRE(decoded->message);
      all.emplace_back(decoded->message->type, decoded->message->body);
      unread = unread.subspan(decoded->used);
    }
    bytes.clear();
    return all;
  }

  std::string bytes;
  bool takes = true;
  std::size_t room = SIZE_MAX;  // Of a socket that takes no more at once.
  bool ended = false;

 private:
  asio::ip::address from_;
};

/// A hall, its network, and what it wanted of it.
struct World : Outside {
  explicit World(VigilSettings vigil = {}) {
    HallSettings settings;
    settings.name = "hall";
    settings.instance = 1;
    settings.tcp_port = 2002;
    settings.sctp_port = 2004;
    settings.vigil = vigil;
    hall = std::make_unique<Hall>(settings, key, *this, log);
  }

  void send(std::string_view datagram, const Endpoint& to) override {
    sent.emplace_back(std::string{datagram}, to);
  }
  void send_to_all(std::string_view datagram) override { to_all.emplace_back(datagram); }
  void knock(std::uint32_t slot, std::vector<asio::ip::address>, std::uint16_t) override {
    knocks.push_back(slot);
  }
  bool is_own(const asio::ip::address& address) const override { return address.is_loopback(); }

  Moment now() const { return {at, 1'000'000 + static_cast<std::uint64_t>(at / 1ms)}; }
  /// Lets time pass as a loop would.
  void run(Time until) {
    hall->tick(now());
    while (hall->next() <= until) {
      at = std::max(at, hall->next());
      hall->tick(now());
    }
    at = until;
    hall->tick(now());
  }

  identity::KeyPair key = identity::KeyPair::make();
  log::MemorySink sink;
  log::Logger log{"presenced", sink};
  std::unique_ptr<Hall> hall;
  std::deque<std::pair<std::string, Endpoint>> sent;
  std::vector<std::string> to_all;
  std::vector<std::uint32_t> knocks;
  Time at = 10s;
};

/// Who signs as a peer would.
struct Peer {
  explicit Peer(std::string called, const char* at = "192.0.2.1", std::uint16_t port = 40'000)
      : name{std::move(called)}, from{asio::ip::make_address(at), port} {}

  std::string says(Kind kind, std::uint64_t nonce = 0, std::string about = {}) {
    Announcement said;
    said.kind = kind;
    said.instance = instance;
    said.sequence = ++sequence;
    said.nonce = nonce;
    said.about = std::move(about);
    said.tcp_port = 4000;
    said.udp_port = from.port();
    said.name = name;
    return encode(said, key);
  }
  /// Enters by a conversation.
  void enter(World& world) {
    ear = std::make_unique<Ear>(from.address());
    ear->role = Role::peer;
    world.hall->greet(*ear);
    REQUIRE(
        world.hall->take(*ear, message_type::enter, says(Kind::announce, ear->nonce), world.now()));
  }
  const Entry* entry(World& world) const { return world.hall->roster().find(key.public_key()); }
  State state(World& world) const { return entry(world)->state; }

  identity::KeyPair key = identity::KeyPair::make();
  std::string name;
  Endpoint from;
  std::uint64_t instance = 100;
  std::uint64_t sequence = 0;
  std::unique_ptr<Ear> ear;
};

}  // namespace netkit::presence::test
