// Records of one log in a row, signed by the relay that made them: what links carry and the store
// keeps. Whoever passes one on cannot change it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "commands/relay/record.hpp"
#include "identity/secret.hpp"

namespace netkit::relay {

// log u64 | first u64 | count u16 | count records | signature 64 B
// The signature (Ed25519, RFC 8032) is over "netkit relay bundle 1", a NUL, and all before it.

inline constexpr std::size_t bundle_count_max = 256;       ///< Records.
inline constexpr std::size_t bundle_size_max = 64 * 1024;  ///< Of the records, unless there is one.

struct Bundle {
  LogId log = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::shared_ptr<const std::string> bytes;  ///< All of it, as on the wire.

  std::string_view records() const;  ///< For decode_record(), one after the other.
};

/// Looks at the head and the sizes alone. Errc::malformed.
Result<Bundle> parse_bundle(std::string bytes);
/// Whether that log's key made it.
bool is_signed(const Bundle& bundle, std::string_view public_key);

LogId log_of(std::string_view public_key);
SenderKey sender_of(std::string_view secret);

/// The key of one run of a relay.
class LogKey {
 public:
  static LogKey make();
  const std::string& public_key() const { return public_key_; }  ///< 32 bytes.
  LogId log() const { return log_; }
  /// `records` are `count` encoded ones, the first of which is number `first`.
  Bundle seal(std::uint64_t first, std::uint16_t count, std::string_view records) const;

 private:
  LogKey() = default;
  identity::Secret seed_;
  std::string public_key_;
  LogId log_ = 0;
};

}  // namespace netkit::relay
