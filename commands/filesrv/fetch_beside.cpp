// What is done beside what is still coming: it is checked, and put in its place.
#include <algorithm>

#include "commands/filesrv/fetch.hpp"
#include "transfer/limits.hpp"

namespace netkit::filesrv {

void Fetch::start_hashes() {
  if (!current_ || !current_->file) return;
  const std::uint64_t size = current_->file->size();
  while (const auto index = current_->file->next_to_hash())
    hashes_->start([bytes = current_->bytes, index = *index, size] {
      return transfer::HashedChunk{index, false,
                                   transfer::hash_chunk(bytes->get(), index * transfer::chunk_size,
                                                        transfer::chunk_length(size, index))};
    });
}

asio::awaitable<Status> Fetch::take_hashes(std::size_t left) {
  while (hashes_->size() > left) {
    co_await hashes_->ready();
    const transfer::HashedChunk hashed = hashes_->take();
    if (Status taken = take_hash(hashed); !taken) co_return taken;
  }
  co_return ok;
}

Status Fetch::take_hash(const transfer::HashedChunk& hashed) {
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

/// Beside what comes next. To settle() those before first keeps the open files few.
void Fetch::bring_in() {
  if (harvest_.empty()) return;
  const auto harvest = std::make_shared<transfer::Harvest>(std::exchange(harvest_, {}));
  bringing_->start([harvest] { return harvest->bring_in(); });
}

/// Until those that are being brought in are in their places.
asio::awaitable<Status> Fetch::settle() {
  Status outcome = ok;
  while (bringing_->size() > 0) {
    co_await bringing_->ready();
    const std::vector<transfer::Harvest::Stored> stored = bringing_->take();
    for (const transfer::Harvest::Stored& each : stored) {
      if (each.tag == no_tag) continue;
      const auto [path, local, kept] = std::move(waiting_.extract(each.tag).mapped());
      if (!each.outcome) {
        tally_.failed(path, each.outcome.error());
        continue;
      }
      brought_.insert(path);
      if (const Status told = tally_.done(path, each.size, kept); !told) outcome = told;
    }
  }
  co_return outcome;
}

/// A file that was asked for twice is begun once the first of it is in its place.
asio::awaitable<Status> Fetch::settle_first(const transfer::Entry& entry) {
  const Result<std::string> local = local_name(entry);
  const auto is_it = [&](const auto& waiting) { return waiting.second.local == *local; };
  if (!local || std::ranges::none_of(waiting_, is_it)) co_return ok;
  bring_in();
  co_return co_await settle();
}

asio::awaitable<Status> Fetch::settle_first(const transfer::Piece& piece) {
  const Result<transfer::Answer> answer = transfer::decode_answer(piece.frame);
  const auto* const entry = answer ? std::get_if<transfer::Entry>(&*answer) : nullptr;
  if (entry == nullptr) co_return ok;
  co_return co_await settle_first(*entry);
}

}  // namespace netkit::filesrv
