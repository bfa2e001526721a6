// What a relay keeps on disk across its runs, written by a thread of its own so that the hub never
// waits for a disk: bundles as they come, many in one commit, and the bans.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "commands/relay/history_file.hpp"
#include "log/logger.hpp"

namespace netkit::relay {

struct HistorySettings {
  LogId own = 0;
  /// --ack disk: each commit reaches the disk itself and comes at once, and what is own is never
  /// given up. Else commits come each second, and a power cut may cost the last of them.
  bool acks_wait = false;
  HistoryBounds bounds;
  std::size_t waiting_max = std::size_t{16} * 1024 * 1024;  ///< Bytes not written yet.
  std::chrono::milliseconds commit_interval{1000};
  std::chrono::milliseconds retry_interval{5000};
};

/// For `relay status`.
struct HistoryState {
  std::uint64_t records = 0;  ///< On disk.
  std::uint64_t bytes = 0;
  std::uint64_t waiting = 0;  ///< Bytes not written yet.
  std::uint64_t dropped = 0;  ///< Records that were given up since the start.
  std::string error;          ///< Why nothing is written at present; empty: all is well.
};

/// Any thread may call keep(), change() and state().
class HistoryStore {
 public:
  struct Hooks {
    /// The facts of a log, asked for within keep() when one of that log comes first.
    std::function<std::optional<RelayFacts>(LogId)> facts;
    /// This relay's own records up to that one are committed. On the store's thread.
    std::function<void(std::uint64_t seq)> durable;
    /// There is room again after keep() said that there is none. On the store's thread.
    std::function<void()> room;
  };

  /// Errors are those of store::Database::open.
  static Result<std::unique_ptr<HistoryStore>> open(const std::string& path,
                                                    HistorySettings settings, Hooks hooks,
                                                    log::Logger& log);
  HistoryStore(const HistoryStore&) = delete;
  HistoryStore& operator=(const HistoryStore&) = delete;
  /// Writes what waits; with a disk that takes nothing, tries it once and says what is lost.
  ~HistoryStore();

  /// What earlier runs kept, in the order it came; before the first keep(). Those made meanwhile by
  /// what `take` does are ignored. A damaged bundle is left out and told in the log.
  /// Errc::malformed with a hint if the file itself is damaged.
  Status restore(const HistoryFile::Take& take);
  /// Before the first keep(), too.
  Result<Bans> bans();

  /// Never waits for the disk. False: more waits than is good, so take nothing from clients until
  /// `room`; what was given is kept all the same. Only with acks_wait: otherwise the oldest that
  /// wait are dropped instead, those of other relays first.
  bool keep(const Bundle& bundle);
  /// False between a keep() that said so and `room`.
  bool has_room() const;
  void change(const BanChange& change);
  HistoryState state() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Items = std::deque<HistoryItem>;

  HistoryStore(HistoryFile file, HistorySettings settings, Hooks hooks, log::Logger& log);
  std::shared_ptr<const RelayFacts> facts_of(LogId log);
  void drop_oldest(bool own);
  void add(HistoryItem item);
  bool is_foreign(const HistoryItem& item) const;
  void bound_waiting();
  bool wait_for_work(std::unique_lock<std::mutex>& lock);
  void run();
  void write(std::unique_lock<std::mutex>& lock);
  void note_written(std::uint64_t own_last, std::unique_lock<std::mutex>& lock);
  void note_failed(const Error& why, std::vector<HistoryItem> items);

  HistoryFile file_;  // The thread's, once there is something to write.
  const HistorySettings settings_;
  const Hooks hooks_;
  log::Logger& log_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  Items waiting_;
  std::size_t waiting_bytes_ = 0;
  std::size_t writing_bytes_ = 0;    ///< Taken from there, not committed.
  std::size_t waiting_foreign_ = 0;  ///< Bundles of other relays among them.
  std::map<LogId, std::shared_ptr<const RelayFacts>> facts_;
  HistoryState state_;
  std::uint64_t dropped_told_ = 0;
  bool told_slow_ = false;
  bool restoring_ = false;
  bool room_awaited_ = false;
  bool trim_due_ = false;
  bool stopping_ = false;
  Clock::time_point not_before_{};
  std::thread thread_;  // Last: it uses the rest.
};

}  // namespace netkit::relay
