// Fuzzes what peers take from each other: announcements, message fields, and a conversation in
// which frames of a stranger come between those of two honest peers.
// Input: one byte that chooses, then the bytes; a conversation is op u8 | size u8 | body, again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "commands/presence/talk_machine.hpp"

namespace {

using namespace netkit::presence;
namespace wire = netkit::wire;

constexpr std::size_t steps_max = 100;
constexpr std::uint8_t to_opener = 0x80;  // In op: whom the step is for.
constexpr std::uint8_t honest = 0x40;     // What the other side said, instead of the body.

void demand(bool holds) {
  if (!holds) std::abort();
}

void announcement_bytes(std::string_view bytes) {
  const auto said = decode(bytes);
  if (!said) return;
  demand(said->key.size() == key_size && said->name.size() <= name_size_max && !said->name.empty());
  demand(said->tags.size() <= tags_max);
  static_cast<void>(is_authentic(bytes));
}

/// A field has one encoding, so what was decoded encodes to what was read.
void field_bytes(std::string_view bytes) {
  std::string again;
  if (const auto say = decode_say(bytes)) {
    append_say(again, *say);
    demand(std::string_view{again}.substr(wire::frame_header_size) == bytes);
  }
  if (const auto prove = decode_prove(bytes)) demand(prove->proof.size() == 64);
  if (const auto hello = decode_hello(bytes)) demand(hello->key.size() == key_size);
  demand(decode_refusal(bytes).message().size() < 4096);
}

netkit::identity::KeyPair key_of(char number) {
  const std::string seed(netkit::identity::key_seed_size, number);
  return *netkit::identity::KeyPair::from_seed(seed);
}

class Side final : TalkMachine::Hearer {
 public:
  Side(TalkMachine::Role role, char number)
      : pair_{key_of(number)}, machine_{role, self(), std::string(32, 'c'), memory_, *this} {
    machine_.begin(said);
  }

  /// False once it is over.
  bool hear(const wire::Frame& frame) {
    return !machine_.is_over() && static_cast<bool>(machine_.hear(frame, said));
  }
  bool hear_all(std::string& bytes) {
    const wire::FrameDecoder decoder{talk_frame_size_max};
    std::span<char> unread{bytes};
    bool goes_on = true;
    while (goes_on && !unread.empty()) {
      const auto decoded = decoder.next(unread);
      demand(decoded && decoded->message);
      goes_on = hear(*decoded->message);
      unread = unread.subspan(decoded->used);
    }
    bytes.clear();
    return goes_on;
  }

  std::string said;

 private:
  TalkSelf self() const {
    Announcement about;
    about.name = "somebody";
    about.certificate = std::string(32, 'c');
    return {.pair = &pair_, .said = about, .nonce = 7};
  }
  netkit::Status meet(const Announcement& peer) override {
    demand(!met_);
    met_ = true;
    demand(peer.key == key_of(1).public_key() || peer.key == key_of(2).public_key());
    return netkit::ok;
  }
  netkit::Status deliver(const Announcement&, const Say& say) override {
    demand(met_ && machine_.is_open());
    demand(ids_.insert(say.id).second);
    return netkit::ok;
  }
  void acknowledged(std::uint64_t) override { demand(met_); }

  const netkit::identity::KeyPair pair_;
  TalkMemory memory_;
  bool met_ = false;
  std::set<std::uint64_t> ids_;
  TalkMachine machine_;
};

void conversation(std::string_view bytes) {
  Side opener{TalkMachine::Role::opener, 1};
  Side answerer{TalkMachine::Role::answerer, 2};
  for (std::size_t i = 0; i < steps_max && bytes.size() >= 2; ++i) {
    const auto op = static_cast<std::uint8_t>(bytes[0]);
    const std::size_t size = static_cast<std::uint8_t>(bytes[1]);
    bytes.remove_prefix(2);
    Side& to = (op & to_opener) != 0 ? opener : answerer;
    Side& other = (op & to_opener) != 0 ? answerer : opener;
    if ((op & honest) != 0) {
      if (!to.hear_all(other.said)) return;
      continue;
    }
    const std::string body{bytes.substr(0, size)};
    bytes.remove_prefix(body.size());
    if (!to.hear({.type = static_cast<std::uint16_t>(op & 0x3f), .body = body})) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  switch (data[0] % 3) {
    case 0: announcement_bytes(bytes); break;
    case 1: field_bytes(bytes); break;
    default: conversation(bytes); break;
  }
  return 0;
}
