// The desk's two queues: to the mesh, and of what Redis does not have yet.
#include "commands/relay/redis_desk.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace netkit::relay {
namespace {

/// Of one call: large enough that round trips do not count, small enough for its time limit.
constexpr std::size_t batch_size_max = std::size_t{1} * 1024 * 1024;
constexpr std::size_t batch_bundles_max = 512;
constexpr std::size_t inbox_size_max = std::size_t{16} * 1024 * 1024;

}  // namespace

RedisDesk::RedisDesk(const RelayFacts& own, std::size_t waiting_max, RedisHooks hooks)
    : own_log_{own.log}, waiting_max_{waiting_max}, hooks_{std::move(hooks)} {
  append_facts(facts_, own);
}

void RedisDesk::wait(Clock::time_point until, const std::function<bool()>& ready) {
  std::unique_lock lock{mutex_};
  changed_.wait_until(lock, until, [&] {
    const bool can_read = reader_.is_behind() && inbox_size_ < inbox_size_max / 2;
    const bool can_add = !finding_ && (!own_.empty() || more_in_mesh_);
    return ready() || check_tail_ || can_read || can_add || !messages_.empty();
  });
}

void RedisDesk::wake() {
  const std::lock_guard lock{mutex_};
  changed_.notify_all();
}

/// `lock` is let go.
void RedisDesk::post_drain(std::unique_lock<std::mutex>& lock) {
  const bool needed = !posted_ && (!inbox_.empty() || !tasks_.empty());
  posted_ = posted_ || needed;
  lock.unlock();
  if (needed)
    hooks_.post([self = shared_from_this()](Mesh& mesh, Moment now) { self->drain(mesh, now); });
}

void RedisDesk::drain(Mesh& mesh, Moment now) {
  std::deque<StreamEntry> entries;
  std::deque<std::function<void(Mesh&, Moment)>> work;
  {
    const std::lock_guard lock{mutex_};
    entries.swap(inbox_);
    work.swap(tasks_);
    inbox_size_ = 0;
    posted_ = false;
    state_.received += entries.size();
  }
  for (const auto& task : work)
    task(mesh, now);
  std::uint64_t bad = 0;
  for (StreamEntry& entry : entries) {
    // The mesh passes over what it has no key for. That the relay lives, only its beats say.
    entry.facts.away = true;
    Status taken = ok;
    if (learned_.size() >= Mesh::logs_max) learned_.clear();
    if (learned_.insert(entry.facts.log).second) taken = mesh.learn(entry.facts, now);
    if (taken) taken = mesh.take(std::move(entry.bundle), now);
    bad += taken ? 0 : 1;
  }
  const std::lock_guard lock{mutex_};
  refused_ += bad;
  changed_.notify_all();
}

void RedisDesk::take_ready() {
  while (const std::optional<std::string> entries = reader_.next())
    take(*entries);
  if (inbox_size_ > inbox_size_max) reader_.miss();
}

void RedisDesk::take(std::string_view bytes) {
  Result<std::vector<StreamEntry>> entries = read_stream_entries(bytes);
  if (!entries) {
    ++refused_;
    return;
  }
  for (StreamEntry& entry : *entries) {
    if (entry.bundle.log == own_log_) continue;
    inbox_size_ += entry.bundle.bytes->size();
    inbox_.push_back(std::move(entry));
  }
}

/// What the mesh has beyond what Redis has, as much as may wait.
void RedisDesk::find(const Mesh& mesh) {
  const std::lock_guard lock{mutex_};
  finding_ = false;
  own_.clear();
  own_size_ = 0;
  more_in_mesh_ = false;
  for (Bundle& bundle :
       mesh.find(own_log_, state_.added + 1, std::numeric_limits<std::uint64_t>::max())) {
    if (own_size_ > waiting_max_) {
      more_in_mesh_ = true;
      break;
    }
    own_size_ += bundle.bytes->size();
    own_.push_back(std::move(bundle));
  }
  force_ = !own_.empty() && own_.front().first > state_.added + 1;
  changed_.notify_all();
}

void RedisDesk::keep(const Bundle& bundle) {
  if (bundle.log != own_log_) return;
  const std::lock_guard lock{mutex_};
  if (own_size_ > waiting_max_) more_in_mesh_ = true;
  // Those behind a hole would only be in the way: the mesh has them, too.
  if (more_in_mesh_) return;
  own_size_ += bundle.bytes->size();
  own_.push_back(bundle);
  changed_.notify_all();
}

void RedisDesk::began() {
  const std::lock_guard lock{mutex_};
  check_tail_ = true;
  changed_.notify_all();
}

bool RedisDesk::take_check_tail() {
  const std::lock_guard lock{mutex_};
  have_known_ = have_known_ && !check_tail_;
  return std::exchange(check_tail_, false);
}

void RedisDesk::check_tail(StreamId tail) {
  const std::lock_guard lock{mutex_};
  reader_.check_tail(tail);
}

/// It may come back with less than it had.
void RedisDesk::lost() {
  const std::lock_guard lock{mutex_};
  have_known_ = false;
  check_tail_ = true;
}

std::optional<StreamId> RedisDesk::read_from() {
  const std::lock_guard lock{mutex_};
  if (!reader_.is_behind() || inbox_size_ >= inbox_size_max / 2) return std::nullopt;
  return reader_.last();
}

void RedisDesk::take_read(const std::vector<Read>& entries) {
  std::unique_lock lock{mutex_};
  for (const Read& read : entries) {
    if (read.id) reader_.read(*read.id);
    take(read.entry);
  }
  if (entries.empty()) reader_.caught_up();
  take_ready();
  post_drain(lock);
}

void RedisDesk::drop_added() {
  while (!own_.empty() && own_.front().last <= state_.added) {
    own_size_ -= own_.front().bytes->size();
    own_.pop_front();
  }
}

std::optional<RedisDesk::Batch> RedisDesk::next_batch() {
  std::unique_lock lock{mutex_};
  if (!have_known_) return Batch{};
  if (finding_) return std::nullopt;
  drop_added();
  const bool is_hole = !own_.empty() && own_.front().first > state_.added + 1 && !force_;
  if (is_hole || (own_.empty() && more_in_mesh_)) {
    finding_ = true;
    more_in_mesh_ = true;
    tasks_.push_back([this](Mesh& mesh, Moment) { find(mesh); });
    post_drain(lock);
    return std::nullopt;
  }
  if (own_.empty()) return std::nullopt;
  Batch batch;
  batch.may_leave_hole = std::exchange(force_, false);
  std::size_t size = 0;
  for (const Bundle& bundle : own_) {
    if (size >= batch_size_max || batch.words.size() >= 3 * batch_bundles_max) break;
    batch.words.push_back(std::to_string(bundle.first));
    batch.words.push_back(std::to_string(bundle.last));
    batch.words.push_back(stream_entry(facts_, bundle));
    size += batch.words.back().size();
  }
  return batch;
}

void RedisDesk::note_added(std::uint64_t have) {
  bool is_more = false;
  {
    const std::lock_guard lock{mutex_};
    state_.added = have;
    drop_added();
    // What was added while Redis was away, or was lost with it, only the mesh knows for sure.
    if (!std::exchange(have_known_, true)) {
      own_.clear();
      own_size_ = 0;
      more_in_mesh_ = true;
    }
    is_more = have > acknowledged_;
    acknowledged_ = std::max(acknowledged_, have);
  }
  if (is_more && hooks_.acknowledged) hooks_.acknowledged(have);
}

RedisMeshState RedisDesk::state() const {
  const std::lock_guard lock{mutex_};
  RedisMeshState state = state_;
  state.waiting = own_size_;
  return state;
}

std::string RedisDesk::set_error(std::string error) {
  const std::lock_guard lock{mutex_};
  return std::exchange(state_.error, std::move(error));
}

std::uint64_t RedisDesk::take_refused() {
  const std::lock_guard lock{mutex_};
  return std::exchange(refused_, 0);
}

}  // namespace netkit::relay
