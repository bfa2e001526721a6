// Who a relay is towards other relays, however often it starts: an Ed25519 key pair in its state
// folder, and the fingerprint by which people let it in elsewhere (--link-key).
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "identity/key_pair.hpp"

namespace netkit::relay {

class LinkKey {
 public:
  /// A fresh one that is kept nowhere.
  static LinkKey make();
  /// That of STATE/link.key, which is made, mode 0600, if it is not there. Errc::refused for a file
  /// that others may read, Errc::malformed for one that holds no key.
  static Result<LinkKey> load_or_make(const std::string& state);

  const std::string& public_key() const { return pair_.public_key(); }  ///< 32 bytes.
  std::string fingerprint() const;
  /// 64 bytes, RFC 8032.
  std::string sign(std::string_view message) const { return pair_.sign(message); }

 private:
  explicit LinkKey(identity::KeyPair pair) : pair_{std::move(pair)} {}

  identity::KeyPair pair_;
};

/// "SHA256:" and 64 hex digits: of the 32 bytes of the key, in the form that
/// identity::parse_fingerprint() gives what people paste.
std::string link_fingerprint(std::string_view public_key);

}  // namespace netkit::relay
