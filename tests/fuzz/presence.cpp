// Fuzzes a presence daemon's hall: datagrams of the group, frames of its conversations, what
// another daemon tells, time that passes, and the roster file. Two peers are honest in between.
// Input: op u8 | size u8 | bytes, again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "commands/presence/hall.hpp"
#include "log/sink.hpp"

namespace {

using namespace netkit::presence;

constexpr std::size_t steps_max = 200;

void demand(bool holds) {
  if (!holds) std::abort();
}

netkit::identity::KeyPair key_of(char number) {
  const std::string seed(netkit::identity::key_seed_size, number);
  return *netkit::identity::KeyPair::from_seed(seed);
}

struct Nowhere final : Outside {
  void send(std::string_view datagram, const asio::ip::udp::endpoint&) override {
    demand(datagram.size() <= announcement_size_max);
    ++sent;
  }
  void send_to_all(std::string_view) override {}
  void knock(std::uint32_t, std::vector<asio::ip::address>, std::uint16_t) override {}
  bool is_own(const asio::ip::address& address) const override { return address.is_loopback(); }

  std::size_t sent = 0;
};

struct Silent final : netkit::log::Sink {
  bool write(std::string_view) noexcept override { return true; }
};

struct Visitor final : Guest {
  void post(std::string_view frames) override { told += frames.size(); }
  bool takes_more() const override { return true; }
  asio::ip::address address() const override { return asio::ip::make_address("192.0.2.9"); }
  void end() override { ended = true; }

  std::size_t told = 0;
  bool ended = false;
};

class World {
 public:
  World() {
    HallSettings settings;
    settings.name = "hall";
    settings.instance = 1;
    hall_ = std::make_unique<Hall>(settings, key_, outside_, log_);
    for (Visitor* const each : {&honest_, &stranger_, &daemon_})
      hall_->greet(*each);
    honest_.role = Role::peer;
    stranger_.role = Role::peer;
    daemon_.role = Role::daemon;
    demand(static_cast<bool>(
        hall_->take(honest_, message_type::enter, says(Kind::announce, honest_.nonce), now_)));
  }

  void step(std::uint8_t op, std::string_view bytes) {
    static const asio::ip::udp::endpoint from{asio::ip::make_address("192.0.2.7"), 4000};
    switch (op % 8) {
      case 0: hall_->hear(bytes, from, now_); break;
      case 1:
        if (!bytes.empty() && !stranger_.ended)
          (void)hall_->take(stranger_, static_cast<std::uint16_t>(bytes[0] & 0x1f), bytes.substr(1),
                            now_);
        break;
      case 2:
        if (const auto entry = decode_entry(bytes)) hall_->hear_daemon("other", *entry, now_);
        break;
      case 3: hall_->part_daemon("other", now_); break;
      case 4: now_.steady += std::chrono::milliseconds{bytes.size() * 10}; break;
      case 5: (void)hall_->restore(bytes, now_); break;
      case 6: hall_->hear(says(Kind::announce, 0), from, now_); break;
      case 7: (void)hall_->take(honest_, message_type::beat, {}, now_); break;
    }
    if (hall_->is_due() || hall_->next() <= now_.steady) hall_->tick(now_);
  }

  ~World() {
    // Nobody else can have said anything of the honest one; and what is kept can be read again.
    const Entry* const entry = hall_->roster().find(peer_.public_key());
    demand(entry != nullptr && entry->said.name == "honest");
    const std::string kept = hall_->save();
    for (Visitor* const each : {&honest_, &stranger_, &daemon_})
      hall_->leave(*each, now_);
    Hall again{HallSettings{}, key_, outside_, log_};
    demand(static_cast<bool>(again.restore(kept, now_)));
    demand(again.roster().size() == hall_->roster().size());
  }

 private:
  std::string says(Kind kind, std::uint64_t nonce) {
    Announcement said;
    said.kind = kind;
    said.instance = 5;
    said.sequence = ++sequence_;
    said.nonce = nonce;
    said.name = "honest";
    return encode(said, peer_);
  }

  const netkit::identity::KeyPair key_ = key_of('d');
  const netkit::identity::KeyPair peer_ = key_of('p');
  Silent sink_;
  netkit::log::Logger log_{"fuzz", sink_};
  Nowhere outside_;
  std::unique_ptr<Hall> hall_;
  Visitor honest_;
  Visitor stranger_;
  Visitor daemon_;
  Moment now_{std::chrono::seconds{10}, 1'700'000'000'000};
  std::uint64_t sequence_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  World world;
  for (std::size_t step = 0; step < steps_max && rest.size() >= 2; ++step) {
    const auto op = static_cast<std::uint8_t>(rest[0]);
    const std::size_t length =
        std::min<std::size_t>(static_cast<std::uint8_t>(rest[1]) * 4, rest.size() - 2);
    world.step(op, rest.substr(2, length));
    rest.remove_prefix(2 + length);
  }
  return 0;
}
