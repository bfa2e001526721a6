// One thread of a server: its io_context, the memory its connections share, and the list of them.
// Threads share nothing but the counters of ServerCounters.
#pragma once

#include <asio/io_context.hpp>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "log/logger.hpp"
#include "net/connection.hpp"
#include "net/traffic.hpp"

namespace netkit::net {

/// Counted by all threads of a server.
struct ServerCounters {
  std::atomic<std::uint64_t> active{0};
  std::atomic<std::uint64_t> accepted{0};
};

/// A body that follows the first `at` bytes of batch_output() and was not copied there.
struct BatchBody {
  std::size_t at;
  std::string_view bytes;
};

class Worker {
 public:
  Worker(log::Logger& log, ServerCounters& counters, unsigned index);

  asio::io_context& io() { return io_; }
  /// From 0, the main thread.
  unsigned index() const { return index_; }
  log::Logger& log() { return log_; }
  ServerCounters& counters() { return counters_; }
  /// Of all its connections, those that are over included.
  Traffic& traffic() { return traffic_; }
  std::span<char> read_memory() { return {read_memory_.get(), read_memory_size}; }
  std::string& batch_output() { return batch_output_; }
  std::vector<BatchBody>& batch_bodies() { return batch_bodies_; }

  /// Tells every connection to finish what is in flight.
  void drain();
  bool idle() const { return first_ == nullptr; }
  /// Runs once, on this thread, when a worker that drains has no connection left.
  std::function<void()> when_idle;

 private:
  friend class Connection;
  void add(Connection& connection);
  void remove(Connection& connection);

  log::Logger& log_;
  ServerCounters& counters_;
  const unsigned index_;
  Traffic traffic_;
  // A largest read goes behind what was kept of the one before. Not zeroed: what is not used so far
  // costs no memory.
  static constexpr std::size_t read_memory_size = 2 * read_size_max;
  const std::unique_ptr<char[]> read_memory_ =
      std::make_unique_for_overwrite<char[]>(read_memory_size);
  std::string batch_output_;
  std::vector<BatchBody> batch_bodies_;
  Connection* first_ = nullptr;
  bool draining_ = false;
  asio::io_context io_{1};  // Last, so that it goes first: its coroutines use all of the above.
};

}  // namespace netkit::net
