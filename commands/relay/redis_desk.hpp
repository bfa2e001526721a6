// What the thread that speaks with Redis, the feed that hears it and the mesh's owner share: what
// came and is to be given to the mesh, and what was said here and Redis does not have yet. Speaks
// with nobody itself.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/relay/mesh.hpp"
#include "commands/relay/redis_stream.hpp"

namespace netkit::relay {

/// For `relay status`.
struct RedisMeshState {
  std::string error;           ///< Why it is away; empty: it is there.
  std::uint64_t added = 0;     ///< The last own record that Redis has.
  std::uint64_t received = 0;  ///< Bundles of others.
  std::uint64_t waiting = 0;   ///< Bytes of own bundles that it does not have yet.
};

struct RedisHooks {
  /// Runs it soon, once, while nobody else uses the mesh, but not before this call returns.
  std::function<void(std::function<void(Mesh&, Moment)>)> post;
  /// Redis has the own log up to there, which is another place than this relay: as good as a
  /// link's word. On the mesh's thread for Redis.
  std::function<void(std::uint64_t seq)> acknowledged;
};

/// Any thread. Tasks that were posted keep it alive.
class RedisDesk : public std::enable_shared_from_this<RedisDesk> {
 public:
  using Task = std::function<void(Mesh&, Moment)>;
  using Clock = std::chrono::steady_clock;

  RedisDesk(const RelayFacts& own, std::size_t waiting_max, RedisHooks hooks);

  /// From the mesh. Never waits.
  void keep(const Bundle& bundle);
  /// From the feed: a message, or that some may have been missed.
  void hear(std::string_view message);
  void began();

  // For the thread.

  /// Until there is something to do, or `until`; `ready` is asked, too.
  void wait(Clock::time_point until, const std::function<bool()>& ready);
  void wake();
  /// Asks the mesh what to tell: the beat, and for people of relays that no link leads to.
  void ask_beat();
  std::optional<std::string> next_message();
  /// Whether to look where the stream ends, and how much of the own log is there.
  bool take_check_tail();
  void check_tail(StreamId tail);
  void lost();
  /// From behind which entry to read on; nullopt: nothing is missing, or the mesh has to catch up.
  std::optional<StreamId> read_from();
  struct Read {
    std::optional<StreamId> id;
    std::string_view entry;
  };
  /// What was read from there on; none: the end was reached.
  void take_read(const std::vector<Read>& entries);
  struct Batch {
    bool may_leave_hole = false;
    std::vector<std::string> words;  ///< For each bundle its first, its last and its entry.
  };
  /// What to add. Empty: only ask how much is there.
  std::optional<Batch> next_batch();
  void note_added(std::uint64_t have);

  RedisMeshState state() const;
  /// What it was before.
  std::string set_error(std::string error);
  /// Entries that made no sense since the last call.
  std::uint64_t take_refused();

 private:
  void post_drain(std::unique_lock<std::mutex>& lock);
  void drain(Mesh& mesh, Moment now);
  void take_ready();
  void take(std::string_view entries);
  void find(const Mesh& mesh);
  void say(std::string message);
  void add_task(Task task);
  void drop_added();

  const LogId own_log_;
  const std::size_t waiting_max_;
  const RedisHooks hooks_;
  std::set<LogId> learned_;   // Only the mesh's owner looks at it.
  mutable std::mutex mutex_;  // Guards what follows; never held while a hook runs.
  std::condition_variable changed_;
  // From Redis to the mesh.
  StreamReader reader_;
  std::deque<StreamEntry> inbox_;
  std::size_t inbox_size_ = 0;
  std::deque<Task> tasks_;  // Run by drain() alone, so they need not keep the desk.
  bool posted_ = false;
  bool check_tail_ = true;
  std::uint64_t refused_ = 0;
  // From here to Redis.
  std::string facts_;  // Of this relay, as in entries and beats.
  std::deque<std::string> messages_;
  std::deque<Bundle> own_;
  std::size_t own_size_ = 0;
  bool have_known_ = false;
  bool more_in_mesh_ = false;  // own_ is not all: the mesh is asked for the rest.
  bool finding_ = false;
  bool force_ = false;  // What lies before own_ is gone for good.
  std::uint64_t acknowledged_ = 0;
  RedisMeshState state_;
};

}  // namespace netkit::relay
