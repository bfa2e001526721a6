// The queue in front of the file: when to commit, what to give up when the disk cannot follow, and
// how a full disk is told once and survived.
#include "commands/relay/history_store.hpp"

#include <algorithm>
#include <iterator>
#include <pthread.h>
#include <signal.h>
#include <utility>

namespace netkit::relay {
namespace {

constexpr std::size_t facts_max = 4'096;
/// A ban counts like a small message.
constexpr std::size_t ban_size = 1'024;

std::size_t size_of(const HistoryItem& item) {
  const auto* kept = std::get_if<KeptBundle>(&item);
  return kept != nullptr ? kept->bundle.bytes->size() : ban_size;
}

const Bundle* bundle_of(const HistoryItem& item) {
  const auto* kept = std::get_if<KeptBundle>(&item);
  return kept != nullptr ? &kept->bundle : nullptr;
}

std::uint64_t records_of(const Bundle& bundle) {
  return bundle.last - bundle.first + 1;
}

}  // namespace

HistoryStore::HistoryStore(HistoryFile file, HistorySettings settings, Hooks hooks,
                           log::Logger& log)
    : file_{std::move(file)}, settings_{settings}, hooks_{std::move(hooks)}, log_{log} {
  state_.records = file_.records();
  state_.bytes = file_.bytes();
  // A thread inherits the mask: signals are for the thread that waits for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread{[this] { run(); }};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

HistoryStore::~HistoryStore() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<std::unique_ptr<HistoryStore>> HistoryStore::open(const std::string& path,
                                                         HistorySettings settings, Hooks hooks,
                                                         log::Logger& log) {
  Result<HistoryFile> file = HistoryFile::open(path, settings.bounds, settings.acks_wait);
  if (!file) return file.error();
  return std::unique_ptr<HistoryStore>{
      new HistoryStore{*std::move(file), settings, std::move(hooks), log}};
}

Status HistoryStore::restore(const HistoryFile::Take& take) {
  const auto set_restoring = [this](bool on) {
    const std::lock_guard lock{mutex_};
    restoring_ = on;
  };
  set_restoring(true);
  const Result<HistoryFile::Restored> restored = file_.restore(take);
  set_restoring(false);
  if (!restored) return restored.error();
  if (restored->refused != 0)
    log_.warn("store", {{"warning", "some of the history is damaged and left out"},
                        {"bundles", restored->refused},
                        {"error", restored->why.message()}});
  return ok;
}

Result<Bans> HistoryStore::bans() {
  Result<std::vector<Ban>> kept = file_.bans();
  if (!kept) return kept.error();
  Bans bans;
  for (Ban& ban : *kept)
    bans.restore(std::move(ban));
  return bans;
}

std::shared_ptr<const RelayFacts> HistoryStore::facts_of(LogId log) {
  {
    const std::lock_guard lock{mutex_};
    if (const auto known = facts_.find(log); known != facts_.end()) return known->second;
  }
  std::optional<RelayFacts> facts = hooks_.facts ? hooks_.facts(log) : std::nullopt;
  if (!facts) return nullptr;
  auto shared = std::make_shared<const RelayFacts>(*std::move(facts));
  const std::lock_guard lock{mutex_};
  if (facts_.size() >= facts_max) facts_.clear();
  facts_.emplace(log, shared);
  return shared;
}

bool HistoryStore::is_foreign(const HistoryItem& item) const {
  const Bundle* bundle = bundle_of(item);
  return bundle != nullptr && bundle->log != settings_.own;
}

void HistoryStore::add(HistoryItem item) {
  waiting_bytes_ += size_of(item);
  waiting_foreign_ += is_foreign(item) ? 1 : 0;
  waiting_.push_back(std::move(item));
}

bool HistoryStore::keep(const Bundle& bundle) {
  std::shared_ptr<const RelayFacts> facts = facts_of(bundle.log);
  const std::lock_guard lock{mutex_};
  // Without its key nobody could check it later.
  if (restoring_ || !facts) return true;
  add(KeptBundle{std::move(facts), bundle});
  if (waiting_bytes_ > settings_.waiting_max) bound_waiting();
  changed_.notify_one();
  const bool full =
      settings_.acks_wait && waiting_bytes_ + writing_bytes_ > settings_.waiting_max / 2;
  room_awaited_ = room_awaited_ || full;
  return !full;
}

bool HistoryStore::has_room() const {
  const std::lock_guard lock{mutex_};
  return !room_awaited_;
}

void HistoryStore::change(const BanChange& change) {
  const std::lock_guard lock{mutex_};
  for (const BanKey& key : change.gone)
    add(key);
  for (const Ban& ban : change.kept)
    add(ban);
  changed_.notify_one();
}

/// Bundles from the front until what waits is three quarters of the bound, so that this walk is
/// rare.
void HistoryStore::drop_oldest(bool own) {
  const std::size_t goal = settings_.waiting_max / 4 * 3;
  Items left;
  for (HistoryItem& item : waiting_) {
    const Bundle* bundle = bundle_of(item);
    const bool goes =
        waiting_bytes_ > goal && bundle != nullptr && (bundle->log == settings_.own) == own;
    if (goes) {
      state_.dropped += records_of(*bundle);
      waiting_bytes_ -= bundle->bytes->size();
      waiting_foreign_ -= own ? 0 : 1;
    } else {
      left.push_back(std::move(item));
    }
  }
  waiting_ = std::move(left);
}

void HistoryStore::bound_waiting() {
  // With acks that wait, readers are paused long before; what is own stays and is waited for.
  const std::uint64_t before = state_.dropped;
  if (waiting_foreign_ != 0) drop_oldest(false);
  if (!settings_.acks_wait) drop_oldest(true);
  if (state_.dropped == before || told_slow_ || !state_.error.empty()) return;
  told_slow_ = true;
  log_.warn("store", {{"warning",
                       "the disk is slower than the messages; the oldest that wait to "
                       "be kept are given up"}});
}

HistoryState HistoryStore::state() const {
  const std::lock_guard lock{mutex_};
  HistoryState state = state_;
  state.waiting = waiting_bytes_ + writing_bytes_;
  return state;
}

/// False once all is done and the store is to end.
bool HistoryStore::wait_for_work(std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [this] { return stopping_ || trim_due_ || !waiting_.empty(); });
  // What comes within the interval goes into one commit; a failed disk is left alone meanwhile.
  changed_.wait_until(lock, not_before_, [this] {
    const bool many = !settings_.acks_wait && waiting_bytes_ > settings_.waiting_max / 2;
    return stopping_ || (many && state_.error.empty());
  });
  return !stopping_ || !waiting_.empty();
}

void HistoryStore::run() {
  std::unique_lock lock{mutex_};
  while (wait_for_work(lock)) {
    write(lock);
    if (!stopping_ || state_.error.empty()) continue;
    log_.error("store", {{"error", "the last messages are not kept: " + state_.error},
                         {"items", waiting_.size()}});
    return;
  }
}

void HistoryStore::write(std::unique_lock<std::mutex>& lock) {
  std::vector<HistoryItem> items{std::make_move_iterator(waiting_.begin()),
                                 std::make_move_iterator(waiting_.end())};
  waiting_.clear();
  writing_bytes_ = std::exchange(waiting_bytes_, 0);
  waiting_foreign_ = 0;
  lock.unlock();
  std::uint64_t own_last = 0;
  for (const HistoryItem& item : items)
    if (const Bundle* bundle = bundle_of(item); bundle != nullptr && bundle->log == settings_.own)
      own_last = std::max(own_last, bundle->last);
  const Result<bool> more = file_.write(items);
  lock.lock();
  writing_bytes_ = 0;
  if (!more) {
    note_failed(more.error(), std::move(items));
    return;
  }
  trim_due_ = *more;
  note_written(own_last, lock);
}

void HistoryStore::note_written(std::uint64_t own_last, std::unique_lock<std::mutex>& lock) {
  if (!state_.error.empty() || (told_slow_ && waiting_bytes_ <= settings_.waiting_max / 2)) {
    log_.info("store",
              {{"hint", "messages are kept again"}, {"dropped", state_.dropped - dropped_told_}});
    dropped_told_ = state_.dropped;
    told_slow_ = false;
  }
  state_.error.clear();
  state_.records = file_.records();
  state_.bytes = file_.bytes();
  not_before_ =
      settings_.acks_wait ? Clock::time_point{} : Clock::now() + settings_.commit_interval;
  const bool room = room_awaited_ && waiting_bytes_ <= settings_.waiting_max / 2;
  if (room) room_awaited_ = false;
  lock.unlock();
  if (own_last != 0 && hooks_.durable) hooks_.durable(own_last);
  if (room && hooks_.room) hooks_.room();
  lock.lock();
}

/// They wait in front of what came meanwhile.
void HistoryStore::note_failed(const Error& why, std::vector<HistoryItem> items) {
  if (state_.error.empty()) log_.error("store", {{"error", why.message()}});
  state_.error = why.message();
  not_before_ = Clock::now() + settings_.retry_interval;
  for (const HistoryItem& item : items) {
    waiting_bytes_ += size_of(item);
    waiting_foreign_ += is_foreign(item) ? 1 : 0;
  }
  waiting_.insert(waiting_.begin(), std::make_move_iterator(items.begin()),
                  std::make_move_iterator(items.end()));
  if (waiting_bytes_ > settings_.waiting_max) bound_waiting();
}

}  // namespace netkit::relay
