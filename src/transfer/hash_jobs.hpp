// Hashes of chunks that helpers work out beside whoever needs them: senders hash ahead by this,
// receivers behind.
#pragma once

#include <cstdint>
#include <utility>

#include "base/result.hpp"
#include "transfer/jobs.hpp"
#include "transfer/tree_hash.hpp"

namespace netkit::transfer {

struct HashedChunk {
  std::uint64_t index = 0;
  bool known = false;  ///< Nobody had to work it out.
  Result<Hash> hash;
};

using HashJobs = Jobs<HashedChunk>;

}  // namespace netkit::transfer
