// A list by use, and where each file is in it.
#include "transfer/leaf_cache.hpp"

namespace netkit::transfer {

std::optional<Hash> LeafCache::find(std::uint64_t version, std::uint64_t index) {
  const std::lock_guard lock{mutex_};
  const auto found = by_version_.find(version);
  if (found == by_version_.end() || index >= found->second->hashes.size()) return std::nullopt;
  files_.splice(files_.begin(), files_, found->second);
  return found->second->hashes[index];
}

void LeafCache::add(std::uint64_t version, std::uint64_t index, const Hash& hash) {
  const std::lock_guard lock{mutex_};
  auto found = by_version_.find(version);
  if (found == by_version_.end()) {
    if (index != 0) return;
    files_.push_front({version, {}});
    found = by_version_.emplace(version, files_.begin()).first;
  }
  File& file = *found->second;
  if (index != file.hashes.size() || index >= hashes_max_) return;
  file.hashes.push_back(hash);
  ++hashes_;
  files_.splice(files_.begin(), files_, found->second);
  while (hashes_ > hashes_max_ && files_.size() > 1) {
    hashes_ -= files_.back().hashes.size();
    by_version_.erase(files_.back().version);
    files_.pop_back();
  }
}

}  // namespace netkit::transfer
