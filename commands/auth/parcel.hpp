// A result that another thread brings to a coroutine: how handlers on a worker's thread wait for
// the clerk and for hashes without holding that thread up.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "net/spawn.hpp"

namespace netkit::auth {

/// Waited for on the thread of `executor`, delivered once, from any thread. What is never delivered
/// is waited for until the executor's context goes, which must be after the threads that deliver.
template <typename T>
class Parcel : public std::enable_shared_from_this<Parcel<T>> {
 public:
  explicit Parcel(const asio::any_io_executor& executor)
      : executor_{executor}, arrived_{executor, asio::steady_timer::time_point::max()} {}

  void deliver(T value) {
    value_.emplace(std::move(value));
    // The wait began on that thread before this can run there.
    asio::post(executor_, [self = this->shared_from_this()] { self->arrived_.cancel(); });
  }

  asio::awaitable<T> arrival() {
    const auto self = this->shared_from_this();
    std::error_code cancelled;
    co_await arrived_.async_wait(net::into(cancelled));
    co_return std::move(*value_);
  }

 private:
  const asio::any_io_executor executor_;
  asio::steady_timer arrived_;  // Never fires; cancelled on arrival.
  std::optional<T> value_;
};

}  // namespace netkit::auth
