// What helpers do beside whoever needs it, taken in the order in which it was asked for.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "transfer/offload.hpp"

namespace netkit::transfer {

/// What is the same for jobs of all kinds.
class JobQueue {
 public:
  /// No helpers: at once, on the caller's thread. They outlive the executor's last turn of this.
  JobQueue(Offload* helpers, asio::any_io_executor executor)
      : helpers_{helpers}, executor_{std::move(executor)} {}

  /// Those that were not taken.
  std::size_t size() const { return jobs_.size(); }
  /// Whether the oldest can be taken; and until it can. size() > 0.
  bool is_ready() const { return jobs_.front()->done; }
  asio::awaitable<void> ready();

 protected:
  struct Job {
    explicit Job(const asio::any_io_executor& executor);
    virtual ~Job();
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

    bool done = false;        // Of the executor's thread.
    asio::steady_timer over;  // Never fires; cancelled when it is done.
  };

  const asio::any_io_executor& executor() const { return executor_; }
  void start(std::shared_ptr<Job> job, std::function<void()> work);
  void add(std::shared_ptr<Job> job);
  std::shared_ptr<Job> take();

 private:
  static asio::awaitable<void> run(std::shared_ptr<Job> job, Offload& helpers,
                                   std::function<void()> work);

  Offload* const helpers_;
  const asio::any_io_executor executor_;
  std::deque<std::shared_ptr<Job>> jobs_;
};

template <typename Value>
class Jobs : public JobQueue {
 public:
  using JobQueue::JobQueue;

  /// `work` owns what it refers to: it may run on after this is gone.
  template <typename Work>
  void start(Work work) {
    const auto job = std::make_shared<Valued>(executor());
    JobQueue::start(job, [at = job.get(), work = std::move(work)] { at->value = work(); });
  }

  /// One that needs no work.
  void add(Value value) {
    auto job = std::make_shared<Valued>(executor());
    job->value = std::move(value);
    JobQueue::add(std::move(job));
  }

  /// What came of the oldest, which is ready().
  Value take() { return std::move(*static_cast<Valued&>(*JobQueue::take()).value); }

 private:
  struct Valued final : Job {
    using Job::Job;
    std::optional<Value> value;
  };
};

}  // namespace netkit::transfer
