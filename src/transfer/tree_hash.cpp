// SHA-256 by OpenSSL, whose contexts are made once.
#include "transfer/tree_hash.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include "base/bytes.hpp"
#include "transfer/limits.hpp"

namespace netkit::transfer {
namespace {

/// Fetched once: looking it up costs more than hashing a small file.
const EVP_MD* sha256() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

constexpr std::size_t read_size = 128 * 1024;

}  // namespace

Hasher::Hasher() : context_{EVP_MD_CTX_new()} {
  EVP_DigestInit_ex2(context_.get(), sha256(), nullptr);
}

void Hasher::feed(std::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

Hash Hasher::finish() {
  Hash hash{};
  unsigned size = 0;
  EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(hash.data()), &size);
  EVP_DigestInit_ex2(context_.get(), nullptr, nullptr);
  return hash;
}

Hash hash_of(std::string_view bytes) {
  thread_local Hasher hasher;
  hasher.feed(bytes);
  return hasher.finish();
}

void RootHasher::begin(std::uint64_t size) {
  std::string head = "netkit tree 1\n";
  append_be(head, size);
  hasher_.feed(head);
}

std::uint64_t chunk_count(std::uint64_t size) {
  return size / chunk_size + (size % chunk_size != 0 ? 1 : 0);
}

std::uint64_t chunk_length(std::uint64_t size, std::uint64_t index) {
  const std::uint64_t begin = index * chunk_size;
  return begin >= size ? 0 : std::min<std::uint64_t>(chunk_size, size - begin);
}

Result<Hash> hash_chunk(int file, std::uint64_t offset, std::uint64_t count) {
  thread_local Hasher hasher;
  thread_local std::string memory;
  memory.resize(read_size);
  while (count > 0) {
    const std::size_t wanted = std::min<std::uint64_t>(count, memory.size());
    const ssize_t got = pread(file, memory.data(), wanted, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      Error failed = got < 0 ? errno_error("read the file")
                             : Error{Errc::mismatch, "read the file", "it became shorter"};
      static_cast<void>(hasher.finish());
      return failed;
    }
    hasher.feed({memory.data(), static_cast<std::size_t>(got)});
    offset += static_cast<std::uint64_t>(got);
    count -= static_cast<std::uint64_t>(got);
  }
  return hasher.finish();
}

}  // namespace netkit::transfer
