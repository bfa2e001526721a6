// One digest context a thread.
#include "access/token_hash.hpp"

#include <cstring>
#include <memory>
#include <openssl/evp.h>

namespace netkit::access {
namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
};

}  // namespace

Hash hash_of(std::string_view secret) noexcept {
  static const std::unique_ptr<EVP_MD, Free> digest{EVP_MD_fetch(nullptr, "SHA256", nullptr)};
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
  Hash hash{};
  // SHA-256 of bytes in memory cannot fail; were it ever to, no token has the hash of zeros.
  if (EVP_DigestInit_ex2(context.get(), digest.get(), nullptr) == 1 &&
      EVP_DigestUpdate(context.get(), secret.data(), secret.size()) == 1)
    EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(hash.data()), nullptr);
  return hash;
}

std::size_t HashOfHash::operator()(const Hash& hash) const noexcept {
  std::size_t value = 0;
  std::memcpy(&value, hash.data(), sizeof value);
  return value;
}

}  // namespace netkit::access
