// What a running peer says of itself: always the same person and run, each time with the next
// sequence. Shared by all its parts, on one thread. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "commands/presence/announcement.hpp"
#include "identity/key_pair.hpp"

namespace netkit::presence {

class OwnWords {
 public:
  /// `pair` outlives it. `self` has name, tags, instance, ports and certificate.
  OwnWords(const identity::KeyPair& pair, Announcement self) : pair_{pair}, self_{std::move(self)} {
    self_.key = pair_.public_key();
  }

  const identity::KeyPair& pair() const { return pair_; }
  const std::string& key() const { return self_.key; }
  const std::string& name() const { return self_.name; }
  bool is_away() const { return self_.away; }
  void set_away(bool away) { self_.away = away; }
  /// False if it is the one already.
  bool set_certificate(const std::string& certificate) {
    return std::exchange(self_.certificate, certificate) != certificate;
  }
  void set_udp_port(std::uint16_t port) { self_.udp_port = port; }

  /// With a sequence that was not used before. Not signed.
  Announcement next() {
    ++self_.sequence;
    return self_;
  }
  /// The same, signed.
  std::string say(Kind kind, std::uint64_t nonce = 0, std::string_view about = {}) {
    Announcement said = next();
    said.kind = kind;
    said.nonce = nonce;
    said.about = about;
    return encode(std::move(said), pair_);
  }

 private:
  const identity::KeyPair& pair_;
  Announcement self_;
};

}  // namespace netkit::presence
