// The clerk's queue and thread.
#include "commands/auth/clerk.hpp"

namespace netkit::auth {

Clerk::Clerk(Vault& vault, std::size_t waiting_max)
    : vault_{vault}, waiting_max_{waiting_max}, thread_{[this] { run(); }} {}

Status Clerk::submit(Work work) {
  {
    const std::lock_guard lock{mutex_};
    if (stopped_) return Error{Errc::stopped, "ask the store"};
    // One step of the vault takes about a millisecond, so that a full queue is done in ten seconds.
    if (waiting_.size() >= waiting_max_)
      return Error{Errc::busy, "ask the store", "try again in 10 s"};
    waiting_.push_back(std::move(work));
  }
  wanted_.notify_one();
  return ok;
}

void Clerk::run() {
  for (;;) {
    Work work;
    {
      std::unique_lock lock{mutex_};
      wanted_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
      if (stopped_) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work(vault_);
  }
}

void Clerk::stop() {
  std::deque<Work> dropped;
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    dropped.swap(waiting_);
  }
  wanted_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace netkit::auth
