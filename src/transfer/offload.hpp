// The threads that do what would hold up a connection's thread: hashing, syncing, reading large
// folders. A server of files has some; clients that hash beside their transfer have one.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

namespace netkit::transfer {

class Offload {
 public:
  /// At least one. Signals are blocked in them.
  explicit Offload(unsigned threads);
  /// Finishes what runs; what waits is dropped.
  ~Offload();
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;

  /// `work()` on one of the threads; the caller goes on, on its own executor, with what it
  /// returned. What `work` refers to must live until then, also if the caller is dropped: give it
  /// shares. It must not throw. It is moved from. The caller's io_context outlives this.
  ///
  ///     auto work = [file = std::move(file)] { return read_all(file.get()); };
  ///     const auto bytes = co_await offload.run(work);
  template <typename Work>
  asio::awaitable<std::invoke_result_t<Work&>> run(Work&& work) {
    using Value = std::invoke_result_t<Work&>;
    using Kept = std::decay_t<Work>;
    static_assert(std::is_lvalue_reference_v<Work> || std::is_trivially_destructible_v<Kept>,
                  "g++ 12 destroys a closure that is made inside a co_await twice: name it first");
    return asio::async_initiate<const asio::use_awaitable_t<>, void(Value)>(
        [this](auto waiter, Kept doing) {
          auto executor = asio::get_associated_executor(waiter);
          auto busy = asio::make_work_guard(executor);
          asio::post(pool_, [waiter = std::move(waiter), doing = std::move(doing),
                             busy = std::move(busy), executor]() mutable {
            asio::post(executor,
                       [waiter = std::move(waiter), value = doing(),
                        busy = std::move(busy)]() mutable { std::move(waiter)(std::move(value)); });
          });
        },
        asio::use_awaitable, Kept{std::move(work)});
  }

 private:
  asio::thread_pool pool_;
};

}  // namespace netkit::transfer
