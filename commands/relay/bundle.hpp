// Records of one log in a row, signed by the relay that made them: what links carry and the store
// keeps. Whoever passes one on cannot change it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "commands/relay/record.hpp"
#include "identity/key_pair.hpp"

namespace netkit::relay {

// log u64 | first u64 | count u16 | count records | signature 64 B
// The signature (Ed25519, RFC 8032) is over "netkit relay bundle 1", a NUL, and the SHA-256 of all
// before it: Ed25519 itself would read a large bundle twice, by a slower hash.

inline constexpr std::size_t bundle_count_max = 256;       ///< Records.
inline constexpr std::size_t bundle_size_max = 64 * 1024;  ///< Of the records, unless there is one.

struct Bundle {
  LogId log = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::shared_ptr<const std::string> bytes = {};  ///< All of it, as on the wire.
  bool is_kept =
      false;  ///< Whole from this relay's own store, for which its signature was checked.

  std::string_view records() const;  ///< For decode_record(), one after the other.
};

/// Looks at the head and the sizes alone. Errc::malformed.
Result<Bundle> parse_bundle(std::string bytes);
/// The form that a store keeps: the bytes and a digest of them, 8 bytes. Who reads one back that is
/// whole need not check the signature again, which takes fifty times as long.
std::string to_kept(const Bundle& bundle);
/// Without a digest that fits it is taken as a bundle that is yet to be checked: what was kept by a
/// version that wrote none. Errc::malformed.
Result<Bundle> from_kept(std::string kept);
/// Whether that log's key made it.
bool is_signed(const Bundle& bundle, std::string_view public_key);
/// The same for what LogKey::sign() made.
bool is_signed(std::string_view what, std::string_view message, std::string_view public_key,
               std::string_view signature);

LogId log_of(std::string_view public_key);
SenderKey sender_of(std::string_view secret);

/// The key of one run of a relay.
class LogKey {
 public:
  static LogKey make();
  /// Of 32 secret bytes, for tests that need the same log each time. Errc::usage for others.
  static Result<LogKey> from_seed(std::string_view seed);
  const std::string& public_key() const { return pair_.public_key(); }  ///< 32 bytes.
  LogId log() const { return log_; }
  /// `records` are `count` encoded ones, the first of which is number `first`.
  Bundle seal(std::uint64_t first, std::uint16_t count, std::string_view records) const;
  /// 64 bytes; `what` keeps what is signed for one purpose from passing for another.
  std::string sign(std::string_view what, std::string_view message) const;

 private:
  explicit LogKey(identity::KeyPair pair);

  identity::KeyPair pair_;
  LogId log_;
};

}  // namespace netkit::relay
