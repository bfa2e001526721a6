// What helpers do beside the work, and the order in which it is taken.
#include "transfer/jobs.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <doctest/doctest.h>
#include <exception>
#include <future>
#include <string>
#include <vector>

#include "transfer/hash_jobs.hpp"

namespace netkit::transfer {
namespace {

void rethrow(const std::exception_ptr& failed) {
  if (failed) std::rethrow_exception(failed);
}

using Words = std::vector<std::string>;

asio::awaitable<void> take_all(Jobs<std::string>& jobs, Words& taken) {
  while (jobs.size() > 0) {
    co_await jobs.ready();
    taken.push_back(jobs.take());
  }
}

void start_three(Jobs<std::string>& jobs) {
  jobs.start([] { return std::string{"seven"}; });
  jobs.add("eight");
  jobs.start([] { return std::string{"nine"}; });
}

TEST_CASE("Jobs: come in the order they were asked for, with helpers and without") {
  for (const bool helped : {true, false}) {
    CAPTURE(helped);
    asio::io_context context;
    Offload helpers{2};
    Jobs<std::string> jobs{helped ? &helpers : nullptr, context.get_executor()};
    Words taken;
    start_three(jobs);
    CHECK(jobs.size() == 3);
    asio::co_spawn(context, take_all(jobs, taken), rethrow);
    context.run();
    CHECK(taken == Words{"seven", "eight", "nine"});
  }
}

TEST_CASE("Jobs: hashes that are known, worked out, or cannot be had") {
  asio::io_context context;
  Offload helpers{2};
  HashJobs jobs{&helpers, context.get_executor()};
  jobs.start([] { return HashedChunk{7, false, hash_of("seven")}; });
  jobs.add({8, true, hash_of("eight")});
  jobs.start([] { return HashedChunk{9, false, Error{Errc::mismatch, "read the file"}}; });
  context.run();
  REQUIRE(jobs.is_ready());
  const HashedChunk seven = jobs.take();
  CHECK(seven.index == 7);
  CHECK_FALSE(seven.known);
  CHECK(*seven.hash == hash_of("seven"));
  const HashedChunk eight = jobs.take();
  CHECK(eight.index == 8);
  CHECK(eight.known);
  CHECK(*eight.hash == hash_of("eight"));
  const HashedChunk nine = jobs.take();
  CHECK(nine.index == 9);
  CHECK(nine.hash.error().code == Errc::mismatch);
  CHECK(jobs.size() == 0);
}

TEST_CASE("Jobs: a first one that takes long holds up the others, not their work") {
  asio::io_context context;
  std::promise<void> gate;
  Offload helpers{2};
  Jobs<std::string> jobs{&helpers, context.get_executor()};
  Words taken;
  jobs.start([opened = gate.get_future().share()] {
    opened.wait();
    return std::string{"late"};
  });
  jobs.start([&gate] {
    gate.set_value();
    return std::string{"soon"};
  });
  asio::co_spawn(context, take_all(jobs, taken), rethrow);
  context.run();
  CHECK(taken == Words{"late", "soon"});
}

TEST_CASE("Jobs: gone before its helpers are done, nothing is touched after") {
  asio::io_context context;
  Offload helpers{1};
  {
    Jobs<std::string> jobs{&helpers, context.get_executor()};
    start_three(jobs);
    context.poll();
  }
  context.run();
  CHECK(context.stopped());
}

}  // namespace
}  // namespace netkit::transfer
