// A counter and a timer that is cancelled when the counter reaches zero.
#include "net/together.hpp"

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <memory>

#include "net/spawn.hpp"

namespace netkit::net {
namespace {

struct Group {
  explicit Group(const asio::any_io_executor& executor)
      : ended{executor, asio::steady_timer::time_point::max()} {}
  asio::steady_timer ended;
  std::size_t running = 0;
  Status first_error = ok;
};

}  // namespace

asio::awaitable<Status> together(std::vector<asio::awaitable<Status>> parts) {
  const auto executor = co_await asio::this_coro::executor;
  const auto group = std::make_shared<Group>(executor);
  group->running = parts.size();
  for (auto& part : parts)
    asio::co_spawn(executor, std::move(part), [group](std::exception_ptr thrown, Status ended) {
      if (thrown) std::rethrow_exception(thrown);
      if (!ended && group->first_error) group->first_error = std::move(ended);
      if (--group->running == 0) group->ended.cancel();
    });
  std::error_code cancelled;
  if (group->running > 0) co_await group->ended.async_wait(into(cancelled));
  co_return group->first_error;
}

asio::awaitable<void> give_turn() {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

}  // namespace netkit::net
