// The tree of hashes, against values that Python's hashlib made of the same bytes, and the lanes
// against OpenSSL.
#include "transfer/tree_hash.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"
#include "transfer/limits.hpp"
#include "transfer/sha256_lanes.hpp"

using namespace netkit;
using namespace netkit::transfer;

namespace {

/// Byte i is (i * i / 251 + i) mod 256.
std::string pattern(std::uint64_t size) {
  std::string bytes;
  for (std::uint64_t i = 0; i < size; ++i)
    bytes += static_cast<char>(i * i / 251 + i);
  return bytes;
}

std::string hex(const Hash& hash) {
  return to_hex(view_of(hash));
}

}  // namespace

TEST_CASE("hash_of: is SHA-256") {
  // FIPS 180-2, B.1.
  CHECK(hex(hash_of("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash_of("abc") == hash_of("abc"));
}

TEST_CASE("chunks: a file consists of whole ones and a rest") {
  CHECK(chunk_count(0) == 0);
  CHECK(chunk_count(chunk_size) == 1);
  CHECK(chunk_count(chunk_size + 1) == 2);
  CHECK(chunk_length(chunk_size + 1, 1) == 1);
  CHECK(chunk_length(chunk_size, 1) == 0);
}

TEST_CASE("hash_of_chunk: of a byte, a block, a group of blocks, and what lies between") {
  const std::pair<std::uint64_t, std::string_view> expected[] = {
      {1, "1406e05881e299367766d313e26c05564ec91bf721d31726bd6e46e60689539a"},
      {8192, "9d31f88f3ad8644706430926ae6b385637f6337a390e76ca067e69baca5c82f0"},
      {8193, "7afe5ac8044f91e5304e1a3c5505cbad8f053dd6e48a4f3b80fbf8189aeee7f3"},
      {131072, "29e0e4a4091ce25617c5ff44d1b071f07a3979fb4a53e808f379b20c92512960"},
      {131073, "ea8fa3400ebda961635fc6e37ccb02511e6b4658692b30130dea0ecd65eda56b"},
      {1048576, "0e8ba523348eef73a6776607e6934dde2c7c54c343b89a023fe71ba0ae566493"}};
  for (const auto& [size, hash] : expected)
    CHECK(hex(hash_of_chunk(pattern(size))) == hash);
}

TEST_CASE("ChunkHasher: how it is cut into pieces makes no difference") {
  const std::string bytes = pattern(300'000);
  const Hash whole = hash_of_chunk(bytes);
  ChunkHasher hasher;
  for (const std::size_t piece : {1u, 4095u, 8192u, 131'071u, 131'072u, 299'999u}) {
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      hasher.feed(std::string_view{bytes}.substr(at, piece));
    CHECK(hasher.finish() == whole);
  }
}

TEST_CASE("RootHasher: its name, the size, and the hashes of the chunks") {
  const std::string bytes = pattern(chunk_size + 5);
  RootHasher root;
  root.begin(bytes.size());
  root.add(hash_of_chunk(std::string_view{bytes}.substr(0, chunk_size)));
  root.add(hash_of_chunk(std::string_view{bytes}.substr(chunk_size)));
  CHECK(hex(root.finish()) == "ab21f0eabb05c9ec9164e37bb7544c580ada6c8843922dd7a09b6676976de72a");
}

TEST_CASE("hash_lanes: each lane is what OpenSSL says, also of nothing") {
  if (!has_sha256_lanes()) {
    MESSAGE("this processor has no AVX-512");
    return;
  }
  for (const std::size_t length : {0u, 64u, 128u, 8192u}) {
    const std::string bytes = pattern(length * sha256_lanes);
    std::array<Hash, sha256_lanes> hashes;
    hash_lanes(bytes.data(), length, hashes);
    for (std::size_t lane = 0; lane < sha256_lanes; ++lane)
      CHECK(hashes[lane] == hash_of(std::string_view{bytes}.substr(lane * length, length)));
  }
}
