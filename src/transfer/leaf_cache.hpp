// Hashes of chunks that were worked out before, so that a file fetched often is hashed once.
// A server of files has one, for all its threads.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "transfer/tree_hash.hpp"

namespace netkit::transfer {

/// Files are known by Facts::version: a changed one is another one.
class LeafCache {
 public:
  /// 32 bytes a chunk: the standard is enough for 64 GiB of files in 2 MiB.
  explicit LeafCache(std::size_t hashes_max = 65536) : hashes_max_{hashes_max} {}

  std::optional<Hash> find(std::uint64_t version, std::uint64_t index);
  /// The file used longest ago makes room. Index by index, from 0: others are not kept.
  void add(std::uint64_t version, std::uint64_t index, const Hash& hash);

 private:
  struct File {
    std::uint64_t version;
    std::vector<Hash> hashes;
  };
  using Files = std::list<File>;

  const std::size_t hashes_max_;
  std::mutex mutex_;
  std::size_t hashes_ = 0;
  Files files_;  // The one used last in front.
  std::unordered_map<std::uint64_t, Files::iterator> by_version_;
};

}  // namespace netkit::transfer
