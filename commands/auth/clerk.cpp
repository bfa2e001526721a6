// The clerk's queue and thread.
#include "commands/auth/clerk.hpp"

namespace netkit::auth {

Clerk::Clerk(Vault& vault, std::size_t waiting_max)
    : vault_{vault}, waiting_max_{waiting_max}, thread_{[this] { run(); }} {}

Status Clerk::submit(Work work, Lane lane) {
  {
    const std::lock_guard lock{mutex_};
    if (stopped_) return Error{Errc::stopped, "ask the store"};
    // One step of the vault takes about a millisecond, so that a full queue is done in ten seconds.
    Works& works = lane == Lane::front ? front_ : back_;
    if (works.size() >= waiting_max_)
      return Error{Errc::busy, "ask the store", "try again in 10 s"};
    works.push_back(std::move(work));
  }
  wanted_.notify_one();
  return ok;
}

Clerk::Works& Clerk::next_lane() {
  const bool back = front_.empty() || (!back_.empty() && front_in_a_row_ >= clerk_back_share - 1);
  front_in_a_row_ = back ? 0 : front_in_a_row_ + 1;
  return back ? back_ : front_;
}

void Clerk::run() {
  for (;;) {
    Work work;
    {
      std::unique_lock lock{mutex_};
      wanted_.wait(lock, [this] { return stopped_ || !front_.empty() || !back_.empty(); });
      if (stopped_) return;
      Works& lane = next_lane();
      work = std::move(lane.front());
      lane.pop_front();
    }
    work(vault_);
  }
}

void Clerk::stop() {
  Works dropped[2];
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    dropped[0].swap(front_);
    dropped[1].swap(back_);
  }
  wanted_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace netkit::auth
