// Fuzzes what relays take from each other: records, bundles, and a conversation on a link.
// Input: one byte that chooses, then the bytes; a conversation is type u8 | flags u8 | size u16 |
// body, again and again, where a body may ask for real ids and a signature to be put in.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "commands/relay/link_machine.hpp"
#include "commands/relay/mesh.hpp"

namespace {

using namespace netkit::relay;
using namespace std::chrono_literals;

constexpr std::size_t messages_max = 200;
constexpr std::uint8_t real_log = 0x80;   // In flags: the body's first 8 bytes become a known log.
constexpr std::uint8_t real_seal = 0x40;  // The body's records are sealed by that log's key.

void demand(bool holds) {
  if (!holds) std::abort();
}

/// A record has one encoding, so what was decoded encodes to what was read.
void record_bytes(std::string_view bytes) {
  const auto record = decode_record(bytes);
  if (!record) return;
  std::string again;
  append_record(again, *record->message);
  demand(again == bytes.substr(0, record->used));
}

void bundle_bytes(std::string_view bytes) {
  const auto bundle = parse_bundle(std::string{bytes});
  if (!bundle) return;
  demand(bundle->first != 0 && bundle->last >= bundle->first);
  demand(bundle->records().size() < bytes.size());
}

LogKey key_of(char number) {
  std::string seed(32, number);
  return *LogKey::from_seed(seed);
}

class Deaf final : public Mesh::Hearer {
 public:
  void deliver(const Record& record, RecordId id) override {
    demand(id.seq != 0);
    if (record.number != 0) demand(numbers_[record.sender] < record.number);
    if (record.number != 0) numbers_[record.sender] = record.number;
  }
  void skipped(const RelayFacts&, std::uint64_t from, std::uint64_t to) override {
    demand(from <= to);
  }
  void away(const RelayFacts&, std::size_t) override {}
  void back(const RelayFacts&) override {}
  void keep(const Bundle&) override {}
  void acknowledged(std::uint64_t) override {}
  void links_due() override {}

 private:
  std::unordered_map<SenderKey, std::uint64_t> numbers_;
};

/// A stranger's side of a link, and a well-behaved neighbour that hears what comes of it.
class Conversation {
 public:
  Conversation()
      : mesh_{{.name = "us"}, key_of(1), hearer_, now_},
        neighbour_{{.name = "neighbour"}, key_of(2), other_hearer_, now_},
        stranger_{mesh_, "stranger", now_},
        to_neighbour_{mesh_, "neighbour", now_},
        from_us_{neighbour_, "us", now_} {
    RelayFacts facts;
    facts.log = far_.log();
    facts.name = "far";
    facts.public_key = far_.public_key();
    facts.beat = 1;
    facts.signature = sign_facts(far_, facts);
    demand(static_cast<bool>(mesh_.learn(facts, now_)));
    mesh_.add({.kind = RecordKind::enter, .sender = 5, .nick = "ana"});
    mesh_.add({.sender = 5, .number = 1, .room = "lobby", .nick = "ana", .text = "hi"});
    mesh_.seal();
  }

  void run(std::string_view bytes) {
    for (std::size_t i = 0; i < messages_max && bytes.size() >= 4; ++i) {
      const auto type = static_cast<std::uint8_t>(bytes[0]);
      const auto flags = static_cast<std::uint8_t>(bytes[1]);
      const std::size_t size = netkit::load_be<std::uint16_t>(bytes.data() + 2);
      bytes.remove_prefix(4);
      std::string body{bytes.substr(0, size)};
      bytes.remove_prefix(std::min(size, bytes.size()));
      if (!hear(type, flags, std::move(body))) return;
      turn();
    }
  }

 private:
  bool hear(std::uint8_t type, std::uint8_t flags, std::string body) {
    const std::uint16_t real_type = type < 16 ? type : static_cast<std::uint16_t>(48 + type % 13);
    if ((flags & real_seal) != 0 && body.size() > 10) {
      const auto first = netkit::load_be<std::uint64_t>(body.data());
      const auto count = netkit::load_be<std::uint16_t>(body.data() + 8);
      body = *far_.seal(first, count, std::string_view{body}.substr(10)).bytes;
    } else if ((flags & real_log) != 0 && body.size() >= 8) {
      netkit::store_be(body.data(), (flags & 0x20) != 0 ? mesh_.log() : far_.log());
    }
    const netkit::wire::Frame frame{
        .type = real_type, .flags = static_cast<std::uint16_t>(flags & 1), .body = body};
    return static_cast<bool>(stranger_.hear(frame, now_));
  }

  /// Time passes, the stranger is written to, and what we pass on is never wrong.
  void turn() {
    now_.steady += 700ms;
    now_.wall_ms += 700;
    mesh_.tick(now_);
    neighbour_.tick(now_);
    std::string out;
    stranger_.fill(out, 64 * 1024, now_);
    carry(to_neighbour_, from_us_);
    carry(from_us_, to_neighbour_);
  }

  void carry(LinkMachine& from, LinkMachine& to) {
    std::string out;
    from.fill(out, 64 * 1024, now_);
    const netkit::wire::FrameDecoder decoder{link_frame_size_max};
    std::span<char> unread{out};
    while (!unread.empty()) {
      const auto decoded = decoder.next(unread);
      demand(decoded && decoded->message);
      demand(static_cast<bool>(to.hear(*decoded->message, now_)));
      unread = unread.subspan(decoded->used);
    }
  }

  Moment now_{.steady = 100s, .wall_ms = 1'700'000'000'000};
  LogKey far_ = key_of(3);
  Deaf hearer_;
  Deaf other_hearer_;
  Mesh mesh_;
  Mesh neighbour_;
  LinkMachine stranger_;
  LinkMachine to_neighbour_;
  LinkMachine from_us_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  switch (data[0] % 4) {
    case 0: record_bytes(bytes); break;
    case 1: bundle_bytes(bytes); break;
    default: std::make_unique<Conversation>()->run(bytes); break;
  }
  return 0;
}
