// Who somebody is, however often they start: an Ed25519 key pair in a file of its own, and the
// fingerprint by which people tell it. Used by relays for their links and by presence.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "identity/key_pair.hpp"

namespace netkit::identity {

class KeptKey {
 public:
  /// A fresh one that is kept nowhere.
  static KeptKey make();
  /// That of the file at `path`, which is made, mode 0600, if it is not there; its folder must be.
  /// Several processes that do so at a time get the same one. Errc::refused for a file that others
  /// may read, Errc::malformed for one that holds no key.
  static Result<KeptKey> load_or_make(const std::string& path);

  const KeyPair& pair() const { return pair_; }
  const std::string& public_key() const { return pair_.public_key(); }  ///< 32 bytes.
  std::string fingerprint() const;
  /// 64 bytes, RFC 8032.
  std::string sign(std::string_view message) const { return pair_.sign(message); }

 private:
  explicit KeptKey(KeyPair pair) : pair_{std::move(pair)} {}

  KeyPair pair_;
};

/// "SHA256:" and 64 hex digits: of the 32 bytes of the key, in the form that parse_fingerprint()
/// gives what people paste.
std::string key_fingerprint(std::string_view public_key);

}  // namespace netkit::identity
