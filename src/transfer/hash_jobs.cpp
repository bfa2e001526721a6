// A coroutine a job, on the caller's executor, that waits for the helper.
#include "transfer/hash_jobs.hpp"

#include <asio/steady_timer.hpp>

#include "net/spawn.hpp"

namespace netkit::transfer {

struct HashJobs::Job {
  Job(const asio::any_io_executor& executor, std::uint64_t index)
      : over{executor, asio::steady_timer::time_point::max()} {
    result.index = index;
  }
  bool done = false;
  Hashed result;
  asio::steady_timer over;  // Never fires; cancelled when it is done.
};

asio::awaitable<void> HashJobs::run(std::shared_ptr<Job> job, Offload& helpers, Work work) {
  job->result.hash = co_await helpers.run(work);
  job->done = true;
  job->over.cancel();
}

void HashJobs::start(std::uint64_t index, Work work) {
  auto job = std::make_shared<Job>(executor_, index);
  jobs_.push_back(job);
  if (helpers_) {
    asio::co_spawn(executor_, run(job, *helpers_, std::move(work)), net::rethrow);
    return;
  }
  job->result.hash = work();
  job->done = true;
}

void HashJobs::add(std::uint64_t index, const Hash& known) {
  jobs_.push_back(std::make_shared<Job>(executor_, index));
  jobs_.back()->result.hash = known;
  jobs_.back()->result.known = jobs_.back()->done = true;
}

asio::awaitable<HashJobs::Hashed> HashJobs::next() {
  const std::shared_ptr<Job> job = std::move(jobs_.front());
  jobs_.pop_front();
  while (!job->done) {
    std::error_code woken;
    co_await job->over.async_wait(net::into(woken));
  }
  co_return std::move(job->result);
}

}  // namespace netkit::transfer
