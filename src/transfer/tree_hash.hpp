// By what both ends know that they have the same bytes: a tree of SHA-256 over blocks, chunks, and
// the file. Used by senders, receivers, and whoever resumes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <openssl/evp.h>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace netkit::transfer {

using Hash = std::array<char, 32>;  // SHA-256.

inline std::string_view view_of(const Hash& hash) {
  return {hash.data(), hash.size()};
}

/// SHA-256 of what is fed piece by piece.
class Hasher {
 public:
  Hasher();
  void feed(std::string_view bytes);
  /// Of all that was fed since the last one.
  Hash finish();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

Hash hash_of(std::string_view bytes);

/// Of a chunk's bytes, fed piece by piece: SHA-256 of the SHA-256 of each block of it. Blocks are
/// small so that many can be hashed side by side while they lie in the processor's cache.
class ChunkHasher {
 public:
  static constexpr std::size_t block_size = 8 * 1024;

  void feed(std::string_view bytes);
  /// Of all that was fed since the last one.
  Hash finish();

 private:
  void end_block();

  Hasher blocks_;
  Hasher block_;
  std::size_t in_block_ = 0;
};

Hash hash_of_chunk(std::string_view bytes);

/// The root of a file: SHA-256 of "netkit tree 2\n", its size as u64, and the hashes of its chunks
/// of chunk_size bytes in their order. An empty file has no chunk.
class RootHasher {
 public:
  void add(const Hash& chunk) { hasher_.feed(view_of(chunk)); }
  /// The size leads, so it has to be known first.
  void begin(std::uint64_t size);
  Hash finish() { return hasher_.finish(); }

 private:
  Hasher hasher_;
};

/// The number of chunks of a file of that size.
std::uint64_t chunk_count(std::uint64_t size);
/// Bytes of chunk `index` of a file of that size.
std::uint64_t chunk_length(std::uint64_t size, std::uint64_t index);

/// Reads `count` bytes at `offset` and hashes them. Errc::mismatch if the file ends before. Blocks.
Result<Hash> hash_chunk(int file, std::uint64_t offset, std::uint64_t count);

}  // namespace netkit::transfer
