// Hashes beside the work, and the order in which they come.
#include "transfer/hash_jobs.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <doctest/doctest.h>
#include <exception>
#include <future>
#include <vector>

namespace netkit::transfer {
namespace {

void rethrow(const std::exception_ptr& failed) {
  if (failed) std::rethrow_exception(failed);
}

asio::awaitable<void> take_all(HashJobs& jobs, std::vector<HashJobs::Hashed>& taken) {
  while (jobs.size() > 0)
    taken.push_back(co_await jobs.next());
}

void start_three(HashJobs& jobs) {
  jobs.start(7, []() -> Result<Hash> { return hash_of("seven"); });
  jobs.add(8, hash_of("eight"));
  jobs.start(9, []() -> Result<Hash> { return Error{Errc::mismatch, "read the file"}; });
}

void check_three(const std::vector<HashJobs::Hashed>& taken) {
  REQUIRE(taken.size() == 3);
  CHECK(taken[0].index == 7);
  CHECK_FALSE(taken[0].known);
  CHECK(*taken[0].hash == hash_of("seven"));
  CHECK(taken[1].index == 8);
  CHECK(taken[1].known);
  CHECK(*taken[1].hash == hash_of("eight"));
  CHECK(taken[2].index == 9);
  CHECK(taken[2].hash.error().code == Errc::mismatch);
}

TEST_CASE("HashJobs: come in the order they were asked for, with helpers and without") {
  for (const bool helped : {true, false}) {
    CAPTURE(helped);
    asio::io_context context;
    Offload helpers{2};
    HashJobs jobs{helped ? &helpers : nullptr, context.get_executor()};
    std::vector<HashJobs::Hashed> taken;
    start_three(jobs);
    CHECK(jobs.size() == 3);
    asio::co_spawn(context, take_all(jobs, taken), rethrow);
    context.run();
    check_three(taken);
  }
}

TEST_CASE("HashJobs: a first one that takes long holds up the others, not their work") {
  asio::io_context context;
  std::promise<void> gate;
  Offload helpers{2};
  HashJobs jobs{&helpers, context.get_executor()};
  std::vector<HashJobs::Hashed> taken;
  jobs.start(0, [opened = gate.get_future().share()]() -> Result<Hash> {
    opened.wait();
    return hash_of("late");
  });
  jobs.start(1, [&gate]() -> Result<Hash> {
    gate.set_value();
    return hash_of("soon");
  });
  asio::co_spawn(context, take_all(jobs, taken), rethrow);
  context.run();
  REQUIRE(taken.size() == 2);
  CHECK(*taken[0].hash == hash_of("late"));
  CHECK(*taken[1].hash == hash_of("soon"));
}

TEST_CASE("HashJobs: gone before its helpers are done, nothing is touched after") {
  asio::io_context context;
  Offload helpers{1};
  {
    HashJobs jobs{&helpers, context.get_executor()};
    start_three(jobs);
    context.poll();
  }
  context.run();
  CHECK(context.stopped());
}

}  // namespace
}  // namespace netkit::transfer
