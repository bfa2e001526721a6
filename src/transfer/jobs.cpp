// A coroutine a job, on the caller's executor, that waits for the helper and keeps the job until
// then.
#include "transfer/jobs.hpp"

#include "net/spawn.hpp"

namespace netkit::transfer {

JobQueue::Job::Job(const asio::any_io_executor& executor)
    : over{executor, asio::steady_timer::time_point::max()} {}

JobQueue::Job::~Job() = default;

asio::awaitable<void> JobQueue::run(std::shared_ptr<Job> job, Offload& helpers,
                                    std::function<void()> work) {
  co_await helpers.perform(std::move(work));
  job->done = true;
  job->over.cancel();
}

void JobQueue::start(std::shared_ptr<Job> job, std::function<void()> work) {
  if (!helpers_) {
    work();
    add(std::move(job));
    return;
  }
  jobs_.push_back(job);
  asio::co_spawn(executor_, run(std::move(job), *helpers_, std::move(work)), net::rethrow);
}

void JobQueue::add(std::shared_ptr<Job> job) {
  job->done = true;
  jobs_.push_back(std::move(job));
}

std::shared_ptr<JobQueue::Job> JobQueue::take() {
  std::shared_ptr<Job> job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

asio::awaitable<void> JobQueue::ready() {
  const std::shared_ptr<Job> job = jobs_.front();
  while (!job->done) {
    std::error_code woken;
    co_await job->over.async_wait(net::into(woken));
  }
}

}  // namespace netkit::transfer
