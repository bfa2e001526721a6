// Relays that share a Redis are one service: each adds what its own clients said to a stream there,
// hears what the others add, and reads what it missed. Beside links or without any; the mesh makes
// sure that everything counts once. While Redis is away all else goes on.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "commands/relay/redis_desk.hpp"
#include "log/logger.hpp"
#include "store/redis.hpp"
#include "store/redis_feed.hpp"

namespace netkit::relay {

struct RedisMeshSettings {
  store::RedisAddress address;
  RelayFacts own;                       ///< log, name, public_key and started_ms of this run.
  std::uint64_t records_max = 100'000;  ///< Of all relays, in Redis.
  std::uint64_t bytes_max = std::uint64_t{256} * 1024 * 1024;
  std::size_t waiting_max = std::size_t{8} * 1024 * 1024;  ///< Beyond it the mesh is asked again.
};

class RedisMesh {
 public:
  /// Connects once. A Redis that is not there is told in the log and tried again for ever; one
  /// that refuses (password, rights) or is none is the error.
  static Result<std::unique_ptr<RedisMesh>> open(RedisMeshSettings settings, RedisHooks hooks,
                                                 log::Logger& log);
  RedisMesh(const RedisMesh&) = delete;
  RedisMesh& operator=(const RedisMesh&) = delete;
  /// Ends within the limit of one answer; what Redis does not have by then it does not get.
  ~RedisMesh();

  /// Something was sealed or taken; never waits. Bundles of other relays are theirs to add.
  void keep(const Bundle& bundle) { desk_->keep(bundle); }
  RedisMeshState state() const { return desk_->state(); }

 private:
  using Clock = std::chrono::steady_clock;

  RedisMesh(RedisMeshSettings settings, RedisHooks hooks, log::Logger& log);
  void start();
  void run();
  void pause();
  Status turn();
  Status connect();
  Status read_missed();
  Status add_own();
  void note(const Status& done);

  const RedisMeshSettings settings_;
  log::Logger& log_;
  const std::shared_ptr<RedisDesk> desk_;
  std::optional<store::Redis> redis_;
  Clock::time_point beat_due_{};
  std::mutex pause_mutex_;
  std::condition_variable paused_;
  std::atomic<bool> stopping_ = false;
  std::unique_ptr<store::RedisFeed> feed_;
  std::thread thread_;  // Last: it uses the rest.
};

}  // namespace netkit::relay
