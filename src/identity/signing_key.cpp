// OpenSSL's EVP calls behind plain values.
#include "identity/signing_key.hpp"

#include <memory>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include "identity/token.hpp"

namespace netkit::identity {
namespace {

constexpr std::string_view key_salt = "netkit ticket 1";
constexpr std::string_view session_prefix = "netkit session 1";
constexpr std::size_t seed_size = 32;

struct Free {
  void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

OSSL_PARAM octets(const char* name, std::string_view text) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(text.data()), text.size());
}

/// OpenSSL fails here for want of memory only.
Error failed(std::string attempt) {
  return {std::make_error_code(std::errc::not_enough_memory), std::move(attempt)};
}

Result<Key> private_key_of(std::string_view token) {
  const std::string attempt = "derive a ticket's key";
  if (!is_token(token)) return Error{Errc::usage, attempt, "this is not a token"};
  const auto seed = hkdf_sha256(token, key_salt, {}, seed_size);
  if (!seed) return seed.error();
  Key key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed->view()),
                                       seed->size())};
  if (!key) return failed(attempt);
  return key;
}

}  // namespace

Result<std::string> ticket_public_key(std::string_view token) {
  const auto key = private_key_of(token);
  if (!key) return key.error();
  std::string raw(public_key_size, '\0');
  std::size_t size = raw.size();
  if (EVP_PKEY_get_raw_public_key(key->get(), bytes_of(raw), &size) != 1 || size != raw.size())
    return failed("derive a ticket's key");
  return raw;
}

std::string session_id_of(std::string_view token) {
  std::string text{session_prefix};
  text += token;
  std::string id(SHA256_DIGEST_LENGTH, '\0');
  SHA256(bytes_of(std::string_view{text}), text.size(), bytes_of(id));
  wipe(text);
  id.resize(session_id_size);
  return id;
}

Result<std::string> sign_as_holder(std::string_view token, std::string_view message) {
  const auto key = private_key_of(token);
  if (!key) return key.error();
  const DigestContext context{EVP_MD_CTX_new()};
  std::string signature(signature_size, '\0');
  std::size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key->get()) != 1 ||
      EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(message),
                     message.size()) != 1)
    return failed("sign a ticket");
  return signature;
}

bool is_signed_by(std::string_view public_key, std::string_view message,
                  std::string_view signature) {
  if (public_key.size() != public_key_size || signature.size() != signature_size) return false;
  const Key key{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(public_key),
                                            public_key.size())};
  const DigestContext context{EVP_MD_CTX_new()};
  return key && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                          message.size()) == 1;
}

Result<Secret> hkdf_sha256(std::string_view key, std::string_view salt, std::string_view info,
                           std::size_t size) {
  const std::unique_ptr<EVP_KDF, Free> kdf{EVP_KDF_fetch(nullptr, "HKDF", nullptr)};
  const std::unique_ptr<EVP_KDF_CTX, Free> context{kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr};
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      octets(OSSL_KDF_PARAM_KEY, key), octets(OSSL_KDF_PARAM_SALT, salt),
      octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
  std::string derived(size, '\0');
  if (!context || EVP_KDF_derive(context.get(), bytes_of(derived), derived.size(), parameters) != 1)
    return failed("derive a key");
  return Secret{std::move(derived)};
}

}  // namespace netkit::identity
