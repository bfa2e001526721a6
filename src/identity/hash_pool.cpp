// One mutex: jobs take milliseconds at least, so that nobody ever waits for it.
#include "identity/hash_pool.hpp"

#include <algorithm>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

#include "base/signals_blocked.hpp"
#include "identity/password_argon2.hpp"

namespace netkit::identity {
namespace {

using std::chrono::steady_clock;

constexpr int nice_step = 10;
/// Each job counts for an eighth of the average.
constexpr int average_weight = 8;

/// On Linux a priority belongs to a thread, and its id serves as the process's.
void lower_priority() {
  const auto thread = static_cast<id_t>(::gettid());
  const int now = ::getpriority(PRIO_PROCESS, thread);
  ::setpriority(PRIO_PROCESS, thread, now + nice_step);
}

}  // namespace

HashPool::HashPool(unsigned threads, std::size_t waiting_max, std::chrono::milliseconds memory_kept)
    : waiting_max_{waiting_max}, memory_kept_{memory_kept} {
  const SignalsBlocked blocked;
  const unsigned count = std::max(1u, threads);
  threads_.reserve(count);
  const std::lock_guard lock{mutex_};
  for (unsigned i = 0; i < count; ++i)
    threads_.emplace_back([this] { work(); });
}

HashPool::~HashPool() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    dropped.swap(queue_);
  }
  changed_.notify_all();
  dropped.clear();
  for (std::thread& thread : threads_)
    thread.join();
}

Status HashPool::submit(std::function<void()> job) {
  {
    const std::lock_guard lock{mutex_};
    if (queue_.size() + running_ >= threads_.size() + waiting_max_)
      return Error{Errc::busy, "hash a password",
                   "try again in " + std::to_string(wait_estimate().count()) + " s"};
    queue_.push_back(std::move(job));
  }
  changed_.notify_one();
  return ok;
}

std::size_t HashPool::waiting() const {
  const std::lock_guard lock{mutex_};
  const std::size_t jobs = queue_.size() + running_;
  return jobs > threads_.size() ? jobs - threads_.size() : 0;
}

std::chrono::seconds HashPool::wait_estimate() const {
  const auto jobs = static_cast<std::int64_t>(queue_.size() + running_);
  const auto all = average_ * jobs / static_cast<std::int64_t>(threads_.size());
  return std::max(std::chrono::seconds{1}, std::chrono::ceil<std::chrono::seconds>(all));
}

void HashPool::work() {
  lower_priority();
  KeptHashMemory memory;
  std::unique_lock lock{mutex_};
  const auto due = [this] { return stopping_ || !queue_.empty(); };
  while (true) {
    if (memory.size() == 0) {
      changed_.wait(lock, due);
    } else if (!changed_.wait_for(lock, memory_kept_, due)) {
      lock.unlock();
      memory.release();
      lock.lock();
      continue;
    }
    if (stopping_) return;
    std::function<void()> job = std::move(queue_.front());
    queue_.pop_front();
    ++running_;
    lock.unlock();

    const auto start = steady_clock::now();
    job();
    job = nullptr;  // What it holds, a password, goes before the thread is called free.
    const auto took = steady_clock::now() - start;

    lock.lock();
    --running_;
    average_ = average_.count() == 0 ? took : average_ + (took - average_) / average_weight;
  }
}

}  // namespace netkit::identity
