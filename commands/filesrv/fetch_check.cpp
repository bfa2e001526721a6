// Checking what comes beside what is still coming.
#include "commands/filesrv/fetch.hpp"
#include "transfer/limits.hpp"

namespace netkit::filesrv {

void Fetch::start_hashes() {
  if (!current_ || !current_->file) return;
  const std::uint64_t size = current_->file->size();
  while (const auto index = current_->file->next_to_hash())
    hashes_->start(*index, [bytes = current_->bytes, index = *index, size] {
      return transfer::hash_chunk(bytes->get(), index * transfer::chunk_size,
                                  transfer::chunk_length(size, index));
    });
}

asio::awaitable<Status> Fetch::take_hashes(std::size_t left) {
  while (hashes_->size() > left) {
    const transfer::HashJobs::Hashed hashed = co_await hashes_->next();
    if (Status taken = take_hash(hashed); !taken) co_return taken;
  }
  co_return ok;
}

Status Fetch::take_hash(const transfer::HashJobs::Hashed& hashed) {
  std::optional<Held> held;
  if (!checking_.empty()) {
    held = std::move(checking_.front());
    checking_.pop_front();
  }
  if (!current_ || current_->skipped) return ok;
  if (!hashed.hash) {
    fail(hashed.hash.error());
  } else if (current_->file) {
    if (const Status checked = current_->file->hashed(hashed.index, *hashed.hash); !checked)
      fail(checked.error());
  } else if (held && held->told == *hashed.hash) {
    root_->add(held->told);
    Status printed = print(*held->bytes);
    if (spare_.empty() && held->bytes->capacity() >= transfer::chunk_size)
      spare_ = std::move(*held->bytes);
    return printed;
  } else {
    fail({Errc::mismatch, "check a chunk", "it was damaged on its way, or the file changed"});
  }
  return ok;
}

/// For the next chunk that goes to stdout: new memory each time would cost more than its hash.
void Fetch::make_room_for_chunk() {
  held_ = std::exchange(spare_, {});
  held_.clear();
  held_.reserve(transfer::chunk_size);
}

}  // namespace netkit::filesrv
