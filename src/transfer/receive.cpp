// What is counted and compared before a file may have its name.
#include "transfer/receive.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "transfer/limits.hpp"

namespace netkit::transfer {

Incoming::Incoming(PartFile part, std::uint64_t size, bool checked, Hashing hashing)
    : part_{std::move(part)}, size_{size}, checked_{checked}, hashing_{hashing} {}

void Incoming::take_kept(std::uint64_t index, const Hash& hash) {
  if (index >= chunk_count(size_)) return;
  if (own_.size() <= index) own_.resize(index + 1);
  if (is_confirmed_.size() <= index) is_confirmed_.resize(index + 1);
  if (!own_[index]) ++finished_;
  own_[index] = hash;
  if (!is_confirmed_[index]) ++confirmed_;
  is_confirmed_[index] = true;
}

Status Incoming::take(std::uint64_t offset, std::string_view bytes) {
  const std::uint64_t index = offset / chunk_size;
  const bool goes_on = in_chunk_ && offset == next_;
  const bool begins = !in_chunk_ && offset % chunk_size == 0;
  if (!(goes_on || begins) || offset > size_ || bytes.size() > size_ - offset || bytes.empty())
    return Error{Errc::malformed, "take file data out of order"};
  if (begins) {
    // Memory grows with what has come, never with what was announced.
    if (index > own_.size()) return Error{Errc::malformed, "take file data out of order"};
    if (awaited_.contains(index)) return Error{Errc::malformed, "take the same data twice"};
    if (index == own_.size()) own_.emplace_back();
    if (own_[index]) {  // Sent again: what was there counts no more.
      forget(index);
    }
    in_chunk_ = true;
    begin_ = offset;
    next_ = offset;
  }
  if (Status written = part_.write(offset, bytes); !written) return written;
  next_ += bytes.size();
  received_ += bytes.size();
  if (next_ != begin_ + chunk_length(size_, index)) return ok;
  return end_chunk(begins ? bytes : std::string_view{});
}

void Incoming::forget(std::uint64_t index) {
  own_[index].reset();
  --finished_;
  if (index >= is_confirmed_.size() || !is_confirmed_[index]) return;
  is_confirmed_[index] = false;
  --confirmed_;
}

Status Incoming::end_chunk(std::string_view whole) {
  const std::uint64_t index = begin_ / chunk_size;
  in_chunk_ = false;
  own_[index] = Hash{};
  ++finished_;
  if (checked_ && hashing_ == Hashing::elsewhere) {
    awaited_[index];
    to_hash_.push_back(index);
  } else if (checked_) {
    // What came in pieces is read again: many blocks of it can be hashed at a time.
    const Result<Hash> hash =
        whole.empty() ? hash_chunk(part_.descriptor(), begin_, chunk_length(size_, index))
                      : hash_of_chunk(whole);
    if (!hash) return hash.error();
    own_[index] = *hash;
  }
  return ok;
}

std::optional<std::uint64_t> Incoming::next_to_hash() {
  if (to_hash_.empty()) return std::nullopt;
  const std::uint64_t index = to_hash_.front();
  to_hash_.pop_front();
  return index;
}

Status Incoming::hashed(std::uint64_t index, const Hash& hash) {
  const auto found = awaited_.find(index);
  if (found == awaited_.end()) return Error{Errc::unexpected, "take a hash that nobody awaits"};
  const std::optional<Hash> told = found->second;
  awaited_.erase(found);
  own_[index] = hash;
  return told ? take(Chunk{index, *told}) : Status{ok};
}

Status Incoming::take(const Chunk& chunk) {
  if (chunk.index >= own_.size() || !own_[chunk.index] || !checked_)
    return Error{Errc::malformed, "take the hash of a chunk that did not come"};
  if (const auto found = awaited_.find(chunk.index); found != awaited_.end()) {
    found->second = chunk.hash;
    return ok;
  }
  if (*own_[chunk.index] != chunk.hash) {
    forget(chunk.index);
    return Error{Errc::mismatch, "check a chunk",
                 "it was damaged on its way, or the file changed: try again"};
  }
  if (is_confirmed_.size() <= chunk.index) is_confirmed_.resize(chunk.index + 1);
  if (!is_confirmed_[chunk.index]) ++confirmed_;
  is_confirmed_[chunk.index] = true;
  return ok;
}

Status Incoming::take(const End& end) {
  if (end.size == given_up) return Error{Errc::closed, "take the file", "the sender gave it up"};
  if (!awaited_.empty()) return Error{Errc::unexpected, "end a file whose hashes are awaited"};
  if (in_chunk_ || end.size != size_ || finished_ != chunk_count(size_))
    return Error{Errc::mismatch, "take the file", "not all of it came"};
  // Of a part of a file no root is told; then each chunk has been confirmed, or it is not whole.
  const bool has_root = end.root != Hash{};
  if (checked_ && (has_root || confirmed_ != chunk_count(size_))) {
    RootHasher root;
    root.begin(size_);
    for (const std::optional<Hash>& each : own_)
      root.add(*each);
    if (root.finish() != end.root)
      return Error{Errc::mismatch, "check the file",
                   "it was damaged on its way, or changed: try again"};
  }
  whole_ = true;
  return ok;
}

void Harvest::add(PartFile part, const PartFile::Finish& wish, std::uint64_t tag) {
  bytes_ += wish.size;
  files_.push_back({std::move(part), wish, tag});
}

void Harvest::add_folder(FileDescriptor folder, std::uint64_t tag) {
  folders_.push_back({std::move(folder), tag});
}

Status Harvest::sync_all() const {
  std::vector<std::uint64_t> synced;
  Status outcome = ok;
  const auto sync = [&](int file, std::uint64_t device) {
    if (std::ranges::find(synced, device) != synced.end()) return;
    synced.push_back(device);
    if (syncfs(file) != 0) outcome = errno_error("sync the files");
  };
  for (const File& each : files_)
    sync(each.part.descriptor(), each.part.device());
  for (const Folder& each : folders_) {
    struct stat there;
    if (fstat(each.folder.get(), &there) == 0) sync(each.folder.get(), there.st_dev);
  }
  return outcome;
}

std::vector<Harvest::Stored> Harvest::bring_in() {
  // A few files are synced one by one; of many, or with folders, the file system at once.
  const bool together = files_.size() > 4 || !folders_.empty();
  std::vector<Stored> stored;
  for (File& each : files_) {
    each.wish.sync = !together;
    stored.push_back({each.tag, together ? each.part.prepare(each.wish) : ok, 0, each.wish.size});
  }
  const Status synced = together ? sync_all() : Status{ok};
  for (const Folder& each : folders_)
    stored.push_back({each.tag, synced});
  for (std::size_t i = 0; i < files_.size(); ++i) {
    PartFile& part = files_[i].part;
    Status& outcome = stored[i].outcome;
    if (outcome && !synced) outcome = synced.error();
    if (outcome) outcome = together ? part.put_in_place() : part.finish(files_[i].wish);
    struct stat now;
    if (outcome && fstat(part.descriptor(), &now) == 0) stored[i].version = facts_of(now).version;
  }
  // The names, too, are there after a power cut.
  if (together && !files_.empty()) static_cast<void>(sync_all());
  files_.clear();
  folders_.clear();
  bytes_ = 0;
  return stored;
}

}  // namespace netkit::transfer
