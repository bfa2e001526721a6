// One way, or a race of both with a head start for the kernel's.
#include "net/sctp_dial.hpp"

#include <asio/execution/context.hpp>
#include <asio/query.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>

#include "net/deadline.hpp"
#include "net/limits.hpp"
#include "net/sctp_kernel.hpp"
#include "net/spawn.hpp"

namespace netkit::net {
namespace {

using Clock = std::chrono::steady_clock;
using Way = asio::awaitable<Result<Stream>>;
/// Whoever holds it may end the attempt by closing it.
using SharedSocket = std::shared_ptr<Stream::Socket>;

int error_of(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

Way by_kernel(SharedSocket socket, SctpHosts hosts, std::uint16_t port, SctpSettings settings,
              Clock::time_point until) {
  std::vector<asio::ip::address> all;
  for (const auto& host : hosts)
    all.insert(all.end(), host.begin(), host.end());
  Result<FileDescriptor> begun = begin_kernel_sctp(all, port, settings);
  if (!begun) co_return begun.error();
  std::error_code failed;
  socket->assign({AF_INET6, IPPROTO_SCTP}, begun->release(), failed);

  Deadline deadline{socket->get_executor(), [&] {
                      std::error_code ignored;
                      socket->cancel(ignored);
                    }};
  deadline.expire_in(until - Clock::now());
  co_await socket->async_wait(Stream::Socket::wait_write, into(failed));
  if (deadline.passed()) co_return Errc::timed_out;
  if (failed) co_return Error{failed};
  if (const int error = error_of(socket->native_handle()); error != 0)
    co_return Error{std::error_code{error, asio::error::get_system_category()}};
  const auto executor = socket->get_executor();
  co_return Stream::over_sctp(executor, FileDescriptor{socket->release(failed)});
}

Way in_user_space(SctpHosts hosts, std::uint16_t port, SctpSettings settings,
                  Clock::time_point until) {
  const auto executor = co_await asio::this_coro::executor;
  auto& io = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
  Result<SctpStack*> stack = SctpStack::of(io);
  if (!stack) co_return stack.error();
  auto made = co_await (*stack)->connect(std::move(hosts), port, settings, until);
  if (!made) co_return made.error();
  co_return Stream{executor, std::move(*made)};
}

/// Shared by both ways, so that the loser may end later.
struct Race {
  explicit Race(const asio::any_io_executor& executor) : changed{executor} {}

  std::optional<Stream> winner;
  std::optional<Error> failed;
  unsigned running = 0;
  asio::steady_timer changed;  // Cancelled when a way has ended.
};

asio::awaitable<void> run(std::shared_ptr<Race> race, Way way) {
  Result<Stream> stream = co_await std::move(way);
  --race->running;
  // That another thread has the user-space stack is news only where nothing else was tried.
  if (!stream && !(race->failed && stream.error().code == Errc::busy))
    race->failed = stream.error();
  // A second one goes at once, and resets its association with that.
  if (stream && !race->winner) race->winner = std::move(*stream);
  race->changed.cancel();
}

Way by_either(SctpHosts hosts, std::uint16_t port, SctpSettings settings, Clock::time_point until) {
  const auto executor = co_await asio::this_coro::executor;
  const auto race = std::make_shared<Race>(executor);
  const auto socket = std::make_shared<Stream::Socket>(executor);
  race->running = 1;
  asio::co_spawn(executor, run(race, by_kernel(socket, hosts, port, settings, until)), rethrow);
  const Clock::time_point second_at = std::min(until, Clock::now() + attempt_delay);
  for (bool both = false; !race->winner && (race->running > 0 || !both);) {
    if (!both && (race->running == 0 || Clock::now() >= second_at)) {
      both = true;
      ++race->running;
      asio::co_spawn(executor, run(race, in_user_space(hosts, port, settings, until)), rethrow);
    }
    race->changed.expires_at(both ? until : second_at);
    std::error_code woken;  // Either way there is news.
    co_await race->changed.async_wait(into(woken));
    if (Clock::now() >= until) break;
  }
  std::error_code ignored;
  socket->close(ignored);
  if (race->winner) co_return std::move(*race->winner);
  if (race->running == 0 && race->failed) co_return std::move(*race->failed);
  co_return Errc::timed_out;
}

}  // namespace

Way dial_sctp(SctpHosts hosts, std::uint16_t port, SctpSettings settings, SctpChoice choice,
              Clock::time_point until) {
  if (choice == SctpChoice::user || (choice == SctpChoice::automatic && !kernel_has_sctp()))
    co_return co_await in_user_space(std::move(hosts), port, settings, until);
  if (!kernel_has_sctp()) co_return no_kernel_sctp();
  if (choice == SctpChoice::automatic)
    co_return co_await by_either(std::move(hosts), port, settings, until);
  const auto executor = co_await asio::this_coro::executor;
  const auto socket = std::make_shared<Stream::Socket>(executor);
  co_return co_await by_kernel(socket, std::move(hosts), port, settings, until);
}

}  // namespace netkit::net
