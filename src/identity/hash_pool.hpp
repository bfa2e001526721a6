// The threads that hash passwords, so that no other work waits for them, and a queue before them
// that says no in time. The auth service has one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.hpp"

namespace netkit::identity {

/// Threads at a lower priority than the rest of the process (nice +10, best effort) and with all
/// signals blocked. Each keeps the memory of its last hash until it has been idle for a while.
class HashPool {
 public:
  /// `threads` as hash_threads() says, at least 1; `waiting_max` jobs may wait for one of them.
  HashPool(unsigned threads, std::size_t waiting_max,
           std::chrono::milliseconds memory_kept = std::chrono::seconds{10});
  /// Finishes what runs and drops what waits: such a job is destroyed without having been called.
  ~HashPool();
  HashPool(const HashPool&) = delete;
  HashPool& operator=(const HashPool&) = delete;

  /// Runs `job` on one of the threads, in the order of submission. Errc::busy at once, with the
  /// hint "try again in N s" by how long jobs took lately, if waiting_max wait already. From any
  /// thread; a job must not throw and must not outlive what it refers to.
  Status submit(std::function<void()> job);

  /// Jobs for which no thread is free.
  std::size_t waiting() const;
  unsigned threads() const { return static_cast<unsigned>(threads_.size()); }

 private:
  void work();
  std::chrono::seconds wait_estimate() const;

  const std::size_t waiting_max_;
  const std::chrono::milliseconds memory_kept_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;  ///< Not begun; under mutex_, like what follows.
  std::size_t running_ = 0;
  std::chrono::nanoseconds average_{0};  ///< Moving, of a job's time; 0 before the first.
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace netkit::identity
