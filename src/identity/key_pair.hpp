// Ed25519 (RFC 8032): a private key, its public key, signatures and their check. Used for tickets,
// for the links between relays and for what a relay originates; knows none of them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "identity/secret.hpp"

struct evp_pkey_st;

namespace netkit::identity {

inline constexpr std::size_t key_seed_size = 32;
inline constexpr std::size_t public_key_size = 32;
inline constexpr std::size_t signature_size = 64;

/// A private key and its public one. Want of memory is std::bad_alloc, as everywhere.
class KeyPair {
 public:
  /// The key whose secret are these 32 bytes; they can be kept and wiped. Errc::usage for another
  /// size.
  static Result<KeyPair> from_seed(std::string_view seed);
  static KeyPair make();
  static Secret make_seed();

  const std::string& public_key() const { return public_key_; }  ///< 32 raw bytes.
  std::string sign(std::string_view message) const;              ///< 64 raw bytes.

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Key = std::unique_ptr<evp_pkey_st, Free>;
  explicit KeyPair(Key key);

  Key key_;
  std::string public_key_;
};

/// False too for a key or a signature of another size.
bool is_signed_by(std::string_view public_key, std::string_view message,
                  std::string_view signature);

}  // namespace netkit::identity
