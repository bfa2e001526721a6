// Tests of the pool that hashes: its bound, what it says when it is full, order, its end, and that
// it is no burden to the rest.
#include "identity/hash_pool.hpp"

#include <atomic>
#include <csignal>
#include <doctest/doctest.h>
#include <future>
#include <latch>
#include <memory>
#include <semaphore>
#include <sys/resource.h>
#include <unistd.h>

#include "identity/password.hpp"

using namespace netkit;
using namespace netkit::identity;

namespace {

/// Jobs that run until they are let go.
struct Gate {
  std::counting_semaphore<64> begun{0};
  std::counting_semaphore<64> open{0};

  std::function<void()> job() {
    return [this] {
      begun.release();
      open.acquire();
    };
  }
};

}  // namespace

TEST_CASE("HashPool: refuses at once what is above its bound, with a time to try again") {
  Gate gate;
  HashPool pool{2, 3};
  CHECK(pool.threads() == 2);
  for (int i = 0; i < 5; ++i)
    REQUIRE(pool.submit(gate.job()));
  gate.begun.acquire();
  gate.begun.acquire();
  CHECK(pool.waiting() == 3);
  const auto refused = pool.submit(gate.job());
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::busy);
  CHECK(refused.error().hint == "try again in 1 s");
  CHECK(pool.waiting() == 3);
  gate.open.release(5);
  for (int i = 0; i < 3; ++i)
    gate.begun.acquire();
}

TEST_CASE("HashPool: takes jobs again when some are done") {
  HashPool pool{1, 0};
  for (int i = 0; i < 100; ++i) {
    std::promise<void> done;
    // The thread is free a moment after the job's last words.
    while (!pool.submit([&done] { done.set_value(); }))
      std::this_thread::yield();
    done.get_future().wait();
  }
  CHECK(pool.waiting() == 0);
}

TEST_CASE("HashPool: one thread runs jobs in their order") {
  std::vector<int> order;
  std::latch done{20};
  HashPool pool{1, 20};
  for (int i = 0; i < 20; ++i)
    REQUIRE(pool.submit([&, i] {
      order.push_back(i);
      done.count_down();
    }));
  done.wait();
  for (int i = 0; i < 20; ++i)
    CHECK(order[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("HashPool: its end waits for what runs and drops what waits") {
  Gate gate;
  std::atomic<bool> finished{false};
  std::atomic<bool> called{false};
  const auto held = std::make_shared<int>(1);
  auto pool = std::make_unique<HashPool>(1, 8);
  REQUIRE(pool->submit([&] {
    gate.job()();
    finished = true;
  }));
  for (int i = 0; i < 8; ++i)
    REQUIRE(pool->submit([&called, held] { called = true; }));
  gate.begun.acquire();
  CHECK(held.use_count() == 9);
  std::thread end{[&] { pool.reset(); }};
  // What waits is dropped while the first still runs.
  while (held.use_count() != 1)
    std::this_thread::yield();
  CHECK_FALSE(finished);
  gate.open.release();
  end.join();
  CHECK(finished);
  CHECK_FALSE(called);
}

TEST_CASE("HashPool: an idle pool ends, and a pool of no threads has one") {
  { HashPool pool{4, 4}; }
  HashPool pool{0, 1};
  CHECK(pool.threads() == 1);
  std::promise<void> done;
  REQUIRE(pool.submit([&done] { done.set_value(); }));
  done.get_future().wait();
}

TEST_CASE("HashPool: its threads are nicer than ours and take no signals") {
  HashPool pool{1, 1};
  std::promise<std::pair<int, bool>> seen;
  REQUIRE(pool.submit([&seen] {
    sigset_t blocked;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    seen.set_value({::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())),
                    ::sigismember(&blocked, SIGTERM) == 1});
  }));
  const int ours = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
  const auto [theirs, blocked] = seen.get_future().get();
  CHECK(theirs == std::min(19, ours + 10));
  CHECK(blocked);
  sigset_t mine;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mine);
  CHECK(::sigismember(&mine, SIGTERM) == 0);
}

TEST_CASE("HashPool: jobs from many threads are each run once or refused") {
  std::atomic<int> ran{0};
  std::atomic<int> refused{0};
  {
    HashPool pool{2, 16};
    std::vector<std::thread> senders;
    for (int t = 0; t < 4; ++t)
      senders.emplace_back([&] {
        for (int i = 0; i < 500; ++i)
          if (!pool.submit([&ran] { ++ran; })) ++refused;
      });
    for (std::thread& sender : senders)
      sender.join();
    while (ran + refused != 2000)
      std::this_thread::yield();
  }
  CHECK(ran + refused == 2000);
  CHECK(ran > 0);
}

TEST_CASE("HashPool: hashes, and works on after it gave its memory back") {
  HashPool pool{1, 4, std::chrono::milliseconds{1}};
  for (int i = 0; i < 3; ++i) {
    std::promise<bool> hashed;
    REQUIRE(pool.submit([&hashed] {
      hashed.set_value(static_cast<bool>(hash_password(Secret{"correct horse"}, {64, 1, 1}, {})));
    }));
    CHECK(hashed.get_future().get());
    // Long enough, mostly, for the memory to go; either way the next one has to work.
    std::promise<void>{}.get_future().wait_for(std::chrono::milliseconds{5});
  }
}
