// SHA-256 by OpenSSL, whose contexts are made once, or many at a time by our own lanes.
#include "transfer/tree_hash.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include "base/bytes.hpp"
#include "transfer/limits.hpp"
#include "transfer/sha256_lanes.hpp"

namespace netkit::transfer {
namespace {

/// Fetched once: looking it up costs more than hashing a small file.
const EVP_MD* sha256() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return fetched;
}

/// What the lanes take at once.
constexpr std::size_t group_size = ChunkHasher::block_size * sha256_lanes;
static_assert(chunk_size % group_size == 0);

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

void ChunkHasher::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (in_block_ == 0 && bytes.size() >= group_size && has_sha256_lanes()) {
      std::array<Hash, sha256_lanes> hashes;
      hash_lanes(bytes.data(), block_size, hashes);
      for (const Hash& each : hashes)
        blocks_.feed(view_of(each));
      bytes.remove_prefix(group_size);
      continue;
    }
    const std::size_t count = std::min(bytes.size(), block_size - in_block_);
    block_.feed(bytes.substr(0, count));
    bytes.remove_prefix(count);
    in_block_ += count;
    if (in_block_ == block_size) end_block();
  }
}

void ChunkHasher::end_block() {
  blocks_.feed(view_of(block_.finish()));
  in_block_ = 0;
}

Hash ChunkHasher::finish() {
  if (in_block_ > 0) end_block();
  return blocks_.finish();
}

Hash hash_of_chunk(std::string_view bytes) {
  thread_local ChunkHasher hasher;
  hasher.feed(bytes);
  return hasher.finish();
}

void RootHasher::begin(std::uint64_t size) {
  std::string head = "netkit tree 2\n";
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
  thread_local ChunkHasher hasher;
  thread_local std::string memory;
  memory.resize(group_size);
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
