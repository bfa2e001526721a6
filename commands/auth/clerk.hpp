// The one thread on which the vault is asked: in order, so that what one request changed is what
// the next one sees, and off the threads that serve connections, since the vault waits for disks.
// What nobody at a keyboard waits for, or one account could ask for without end, stands back.
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

inline constexpr std::size_t clerk_waiting_max = 10'000;  ///< In each lane.
/// One step in so many is the back lane's, so that a flood in front of it does not stop it.
inline constexpr unsigned clerk_back_share = 32;

/// Steps of one lane are done in order.
enum class Lane {
  front,
  back,  ///< Counted uses of tickets, batches: done while nothing else waits.
};

/// All members are safe from any thread.
class Clerk {
 public:
  using Work = std::function<void(Vault&)>;

  explicit Clerk(Vault& vault, std::size_t waiting_max = clerk_waiting_max);
  ~Clerk() { stop(); }
  Clerk(const Clerk&) = delete;
  Clerk& operator=(const Clerk&) = delete;

  /// Errc::busy, with how long to wait, once `waiting_max` wait in that lane.
  Status submit(Work work, Lane lane = Lane::front);

  /// What `work(vault)`, a Result, says there; the caller goes on with it on its own thread. What
  /// `work` refers to must live until then, as the locals of the calling coroutine do.
  template <typename Ask>
  asio::awaitable<std::invoke_result_t<Ask&, Vault&>> call(Ask work, Lane lane = Lane::front) {
    using Answer = std::invoke_result_t<Ask&, Vault&>;
    const auto parcel = std::make_shared<Parcel<Answer>>(co_await asio::this_coro::executor);
    const Status queued = submit(
        [parcel, work = std::move(work)](Vault& vault) mutable { parcel->deliver(work(vault)); },
        lane);
    if (!queued) co_return queued.error();
    co_return co_await parcel->arrival();
  }

  /// Finishes what is in progress; what waits is dropped, and nobody was told it was done.
  void stop();

 private:
  using Works = std::deque<Work>;

  void run();
  /// The lane whose turn it is; there is work.
  Works& next_lane();

  Vault& vault_;
  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  Works front_;
  Works back_;
  unsigned front_in_a_row_ = 0;
  bool stopped_ = false;
  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace netkit::auth
