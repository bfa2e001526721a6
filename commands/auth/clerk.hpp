// The one thread on which the vault is asked: in order, so that what one request changed is what
// the next one sees, and off the threads that serve connections, since the vault waits for disks.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/result.hpp"
#include "commands/auth/parcel.hpp"
#include "commands/auth/vault.hpp"

namespace netkit::auth {

inline constexpr std::size_t clerk_waiting_max = 10'000;

/// All members are safe from any thread.
class Clerk {
 public:
  using Work = std::function<void(Vault&)>;

  explicit Clerk(Vault& vault, std::size_t waiting_max = clerk_waiting_max);
  ~Clerk() { stop(); }
  Clerk(const Clerk&) = delete;
  Clerk& operator=(const Clerk&) = delete;

  /// Errc::busy, with how long to wait, once `waiting_max` wait.
  Status submit(Work work);

  /// What `work(vault)`, a Result, says there; the caller goes on with it on its own thread. What
  /// `work` refers to must live until then, as the locals of the calling coroutine do.
  template <typename Ask>
  asio::awaitable<std::invoke_result_t<Ask&, Vault&>> call(Ask work) {
    using Answer = std::invoke_result_t<Ask&, Vault&>;
    const auto parcel = std::make_shared<Parcel<Answer>>(co_await asio::this_coro::executor);
    const Status queued = submit(
        [parcel, work = std::move(work)](Vault& vault) mutable { parcel->deliver(work(vault)); });
    if (!queued) co_return queued.error();
    co_return co_await parcel->arrival();
  }

  /// Finishes what is in progress; what waits is dropped, and nobody was told it was done.
  void stop();

 private:
  void run();

  Vault& vault_;
  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  std::deque<Work> waiting_;
  bool stopped_ = false;
  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace netkit::auth
