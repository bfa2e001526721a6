// Work on other threads, and its way back.
#include "transfer/offload.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <csignal>
#include <doctest/doctest.h>
#include <exception>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "base/result.hpp"

namespace netkit::transfer {
namespace {

void rethrow(const std::exception_ptr& failed) {
  if (failed) std::rethrow_exception(failed);
}

struct Told {
  std::thread::id worked_on;
  std::thread::id came_back_on;
  bool is_signal_blocked = false;
  std::string value;
};

asio::awaitable<void> ask(Offload& offload, Told& told) {
  const Result<std::string> value = co_await offload.run([&told]() -> Result<std::string> {
    told.worked_on = std::this_thread::get_id();
    sigset_t blocked;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    told.is_signal_blocked = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGHUP);
    return std::string{"done"};
  });
  told.came_back_on = std::this_thread::get_id();
  told.value = *value;
}

asio::awaitable<void> count_up(Offload& offload, int& sum) {
  for (int i = 0; i < 100; ++i) {
    const std::unique_ptr<int> one = co_await offload.run([] { return std::make_unique<int>(1); });
    sum += *one;
  }
}

asio::awaitable<void> hold_up(Offload& offload, std::promise<void>& begun,
                              std::shared_future<void> gate) {
  auto work = [&begun, gate] {
    begun.set_value();
    gate.wait();
    return true;
  };
  static_cast<void>(co_await offload.run(work));
}

asio::awaitable<void> never_run(Offload& offload, bool& has_run, std::shared_ptr<int> share) {
  auto work = [share = std::move(share)] { return *share == 1; };
  has_run = co_await offload.run(work);
}

}  // namespace

TEST_CASE("Offload: works on another thread, without signals, and comes back to its own") {
  asio::io_context context;
  Offload offload{1};
  Told told;
  asio::co_spawn(context, ask(offload, told), rethrow);
  context.run();
  CHECK(told.value == "done");
  CHECK(told.came_back_on == std::this_thread::get_id());
  CHECK(told.worked_on != std::thread::id{});
  CHECK(told.worked_on != told.came_back_on);
  CHECK(told.is_signal_blocked);
  sigset_t blocked;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  CHECK(sigismember(&blocked, SIGTERM) == 0);
}

TEST_CASE("Offload: serves many at once, and has a thread also if none was asked for") {
  for (const unsigned threads : {0u, 1u, 3u}) {
    asio::io_context context;
    Offload offload{threads};
    int sum = 0;
    for (int i = 0; i < 50; ++i)
      asio::co_spawn(context, count_up(offload, sum), rethrow);
    context.run();
    CHECK(sum == 5000);
  }
}

TEST_CASE("Offload: finishes what runs and drops what waits when it goes") {
  asio::io_context context;
  auto share = std::make_shared<int>(1);
  std::promise<void> begun;
  std::promise<void> gate;
  bool has_run = false;
  auto offload = std::make_unique<Offload>(1);
  asio::co_spawn(context, hold_up(*offload, begun, gate.get_future().share()), rethrow);
  asio::co_spawn(context, never_run(*offload, has_run, share), rethrow);
  context.poll();
  begun.get_future().wait();
  std::thread opener{[&] { gate.set_value(); }};
  offload.reset();
  opener.join();
  context.run();
  CHECK(share.use_count() == 1);
}

}  // namespace netkit::transfer
