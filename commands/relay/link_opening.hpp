// How two relays that were just connected tell each other who they are, and prove it, before the
// first frame of their link. Pure; whether they may link is decided by link_rules.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "commands/relay/record.hpp"
#include "identity/kept_key.hpp"
#include "wire/frame.hpp"

namespace netkit::relay {

// C connects, A accepts.
//
// C -> A  hello (1)   {"service":"relay-link","version":1,"name":NAME,"log":HEX16,"key":HEX64,
//                      "nonce":HEX64}
// A -> C  hello (1)   the same of A, with "proof":HEX128
// C -> A  proof (48)  {"proof":HEX128,"token":TOKEN?}       once C has believed A
// A -> C  frames of the link, or error (2) with a sentence, which either may send at any time
//
// A proof is the Ed25519 signature by the link key of its sender over: "netkit relay link 1", a
// NUL, "connecting" or "accepting" (the sender's side), a NUL, both nonces, both keys, both logs
// (u64), each C's first, then the mark. The mark is the SHA-256 fingerprint of A's certificate, 64
// hex digits, under TLS, and empty in clear: so what is shown to one server opens no other one.
// As each key that was seen is signed, no proof made for one relay is of use towards another.

namespace frame_type {
inline constexpr std::uint16_t link_proof = 48;
}  // namespace frame_type

inline constexpr std::string_view link_service = "relay-link";
inline constexpr std::size_t link_nonce_size = 32;
inline constexpr std::size_t link_hello_size_max = 4096;

/// A relay as it introduces itself to another.
struct LinkParty {
  std::string name;
  LogId log = 0;
  std::string public_key;  ///< 32 bytes.
  std::string nonce;
};

/// Whether the first frame of a connection asks for a link: the service's dialect hands it over.
bool asks_for_link(const wire::Frame& frame);

class LinkOpening {
 public:
  enum class Side : std::uint8_t { connecting, accepting };

  /// `own.nonce` is drawn afresh for each opening; `key` is that of own.public_key.
  LinkOpening(Side side, LinkParty own, const identity::KeptKey& key, std::string mark);

  /// What the connecting side sends first.
  void append_hello(std::string& out) const;
  /// The peer's hello. The accepting side appends its own; the connecting side has checked the
  /// peer's proof. Errors: wrong_version, malformed, refused (a proof that is wrong; ourselves).
  Status hear_hello(const wire::Frame& frame, std::string& out);
  /// What the connecting side sends once it believes the peer. `token` may be empty.
  void append_proof(std::string& out, std::string_view token) const;
  /// The same at the accepting side, checked.
  Status hear_proof(const wire::Frame& frame);

  const LinkParty& peer() const { return peer_; }
  const std::string& token() const { return token_; }

 private:
  void append_hello(std::string& out, std::string_view proof) const;
  std::string signed_text(Side side) const;
  Status check_proof(std::string_view hex) const;

  const Side side_;
  const LinkParty own_;
  const identity::KeptKey& key_;
  const std::string mark_;
  LinkParty peer_;
  std::string token_;
};

}  // namespace netkit::relay
