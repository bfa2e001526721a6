// OpenSSL's EVP calls behind plain values.
#include "identity/key_pair.hpp"

#include <new>
#include <openssl/evp.h>

#include "base/random.hpp"

namespace netkit::identity {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

/// OpenSSL fails at these calls for want of memory only.
void demand(bool done) {
  if (!done) throw std::bad_alloc{};
}

}  // namespace

void KeyPair::Free::operator()(EVP_PKEY* key) const {
  EVP_PKEY_free(key);
}

KeyPair::KeyPair(Key key) : key_{std::move(key)}, public_key_(public_key_size, '\0') {
  std::size_t size = public_key_.size();
  demand(EVP_PKEY_get_raw_public_key(key_.get(), bytes_of(public_key_), &size) == 1);
}

Result<KeyPair> KeyPair::from_seed(std::string_view seed) {
  if (seed.size() != key_seed_size)
    return Error{Errc::usage, "take a private key", "it must have 32 bytes"};
  Key key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed), seed.size())};
  demand(key != nullptr);
  return KeyPair{std::move(key)};
}

Secret KeyPair::make_seed() {
  std::string seed(key_seed_size, '\0');
  fill_random(seed);
  return Secret{std::move(seed)};
}

KeyPair KeyPair::make() {
  return *from_seed(make_seed().view());
}

std::string KeyPair::sign(std::string_view message) const {
  const DigestContext context{EVP_MD_CTX_new()};
  std::string signature(signature_size, '\0');
  std::size_t size = signature.size();
  demand(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
         EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(message),
                        message.size()) == 1);
  return signature;
}

bool is_signed_by(std::string_view public_key, std::string_view message,
                  std::string_view signature) {
  if (public_key.size() != public_key_size || signature.size() != signature_size) return false;
  struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  const std::unique_ptr<EVP_PKEY, FreeKey> key{EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, bytes_of(public_key), public_key.size())};
  const DigestContext context{EVP_MD_CTX_new()};
  return key && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                          message.size()) == 1;
}

}  // namespace netkit::identity
