// Hashes that helpers work out beside whoever needs them, taken in the order they were asked for.
// Senders hash ahead by this, receivers behind.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "base/result.hpp"
#include "transfer/offload.hpp"
#include "transfer/tree_hash.hpp"

namespace netkit::transfer {

class HashJobs {
 public:
  using Work = std::function<Result<Hash>()>;
  /// No helpers: at once, on the caller's thread. They outlive the executor's last turn of this.
  HashJobs(Offload* helpers, asio::any_io_executor executor)
      : helpers_{helpers}, executor_{std::move(executor)} {}

  /// `work` owns what it refers to: it may run on after this is gone.
  void start(std::uint64_t index, Work work);
  /// One that needs no work.
  void add(std::uint64_t index, const Hash& known);
  /// Those that next() has not returned.
  std::size_t size() const { return jobs_.size(); }

  struct Hashed {
    std::uint64_t index = 0;
    bool known = false;  ///< It came by add().
    Result<Hash> hash;
  };
  /// The oldest, once it is there. size() > 0.
  asio::awaitable<Hashed> next();

 private:
  struct Job;
  static asio::awaitable<void> run(std::shared_ptr<Job> job, Offload& helpers, Work work);

  Offload* const helpers_;
  const asio::any_io_executor executor_;
  std::deque<std::shared_ptr<Job>> jobs_;
};

}  // namespace netkit::transfer
