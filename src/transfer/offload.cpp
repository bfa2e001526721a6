// Asio's pool starts its threads as it is made, and they inherit which signals are blocked.
#include "transfer/offload.hpp"

#include <algorithm>
#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <thread>

#include "base/signals_blocked.hpp"

namespace netkit::transfer {
namespace {

/// `count`; with signals blocked to the end of the expression that starts the threads.
unsigned with_signals_blocked(unsigned count, const SignalsBlocked& = {}) {
  return std::max(1u, count);
}

}  // namespace

unsigned Offload::standard_count() {
  return std::clamp(std::thread::hardware_concurrency(), 1U, 4U);
}

Offload::Offload(unsigned threads) : pool_{with_signals_blocked(threads)} {}

Offload::~Offload() {
  pool_.stop();
  pool_.join();
}

asio::awaitable<void> Offload::perform(std::function<void()> work) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [this](auto waiter, std::function<void()> doing) {
        auto executor = asio::get_associated_executor(waiter);
        auto busy = asio::make_work_guard(executor);
        asio::post(pool_, [waiter = std::move(waiter), doing = std::move(doing),
                           busy = std::move(busy), executor]() mutable {
          doing();
          asio::post(executor, [waiter = std::move(waiter), busy = std::move(busy)]() mutable {
            std::move(waiter)();
          });
        });
      },
      asio::use_awaitable, std::move(work));
}

}  // namespace netkit::transfer
