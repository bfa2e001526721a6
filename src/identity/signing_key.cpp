// OpenSSL's EVP calls behind plain values.
#include "identity/signing_key.hpp"

#include <memory>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/sha.h>

#include "identity/token.hpp"

namespace netkit::identity {
namespace {

constexpr std::string_view key_salt = "netkit ticket 1";
constexpr std::string_view session_prefix = "netkit session 1";

struct Free {
  void operator()(EVP_KDF* kdf) const { EVP_KDF_free(kdf); }
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};

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

Result<KeyPair> key_pair_of(std::string_view token) {
  if (!is_token(token)) return Error{Errc::usage, "derive a ticket's key", "this is not a token"};
  const auto seed = hkdf_sha256(token, key_salt, {}, key_seed_size);
  if (!seed) return seed.error();
  return KeyPair::from_seed(seed->view());
}

}  // namespace

Result<std::string> ticket_public_key(std::string_view token) {
  const auto pair = key_pair_of(token);
  if (!pair) return pair.error();
  return pair->public_key();
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
  const auto pair = key_pair_of(token);
  if (!pair) return pair.error();
  return pair->sign(message);
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
