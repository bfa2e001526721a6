// One coroutine that waits for what another part of the same thread will tell it. For waits that no
// socket's readiness ends.
#pragma once

#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "base/result.hpp"

namespace netkit::net {

class Wake {
 public:
  using Waiter = asio::async_result<asio::use_awaitable_t<>, void(Status)>::handler_type;

  explicit Wake(asio::io_context& io) : io_{io} {}
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  /// Completes with what end() is given. Another wait ends the first one with ok.
  asio::awaitable<Status> wait() {
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Status)>(
        [this](Waiter waiter) {
          end(ok);
          waiter_.emplace(std::move(waiter));
        },
        asio::use_awaitable);
  }
  asio::io_context& io() const { return io_; }
  /// Not at once: whoever ends a wait may be in the middle of something that the waiter would end.
  void end(Status outcome) {
    if (!waiter_) return;
    asio::post(io_, [waiter = std::move(*waiter_), outcome = std::move(outcome)]() mutable {
      std::move(waiter)(std::move(outcome));
    });
    waiter_.reset();
  }
  /// Gives the waiter up, for the end of its io_context: what waits may own what is waited for.
  std::optional<Waiter> surrender() { return std::exchange(waiter_, std::nullopt); }

 private:
  asio::io_context& io_;
  std::optional<Waiter> waiter_;
};

}  // namespace netkit::net
