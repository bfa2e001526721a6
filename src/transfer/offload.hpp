// The threads that do what would hold up a connection's thread: hashing, syncing, reading large
// folders. Servers of files have some, and clients that hash and store beside their transfer.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/thread_pool.hpp>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace netkit::transfer {

class Offload {
 public:
  /// One a processor, 4 at most: each hashes at over 1 GB/s, and some wait for disks.
  static unsigned standard_count();
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
    using Kept = std::decay_t<Work>;
    static_assert(std::is_lvalue_reference_v<Work> || std::is_trivially_destructible_v<Kept>,
                  "g++ 12 destroys a closure that is made inside a co_await twice: name it first");
    return keep_and_run<Kept>(std::move(work));
  }

  /// The same of what returns nothing.
  asio::awaitable<void> perform(std::function<void()> work);

 private:
  template <typename Kept>
  asio::awaitable<std::invoke_result_t<Kept&>> keep_and_run(Kept work) {
    std::optional<std::invoke_result_t<Kept&>> value;
    // Whoever has this work has this coroutine as well.
    const std::function<void()> doing = [&] { value = work(); };
    co_await perform(doing);
    co_return std::move(*value);
  }

  asio::thread_pool pool_;
};

}  // namespace netkit::transfer
