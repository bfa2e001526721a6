// The two phases of a load.
#include "commands/echo/load.hpp"

#include <asio/steady_timer.hpp>

#include "commands/echo/payload.hpp"
#include "net/spawn.hpp"
#include "net/together.hpp"

namespace netkit::echo {
namespace {

using Clock = std::chrono::steady_clock;

/// What all connections of one phase share.
struct Phase {
  Pace pace;
  std::string message;
  Duration answer_limit;
  Clock::time_point start;
  std::size_t connections;
  std::function<void(double)> on_progress;
  std::unique_ptr<Measured> measured = std::make_unique<Measured>();

  bool paced() const { return pace.per_second > 0; }
};

asio::awaitable<Status> exchange_one(Channel& channel, const Phase& phase) {
  channel.expire_in(phase.answer_limit);
  auto answer = co_await exchange(channel, phase.message, {.size = phase.message.size()});
  if (!answer) co_return answer.error();
  if (*answer == phase.message) co_return ok;
  co_return Error{Errc::mismatch, "accept an answer",
                  "it is no echo server, or the way changes bytes"};
}

asio::awaitable<Status> run_connection(Phase& phase, Channel& channel, std::size_t index) {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  for (std::uint64_t number = 0;; ++number) {
    Duration begin = Clock::now() - phase.start;
    if (phase.paced()) {
      begin = due(phase.pace, number, index, phase.connections);
      timer.expires_at(phase.start + begin);
      std::error_code cancelled;
      if (begin < phase.pace.length) co_await timer.async_wait(net::into(cancelled));
    }
    if (begin >= phase.pace.length) co_return ok;
    if (Status done = co_await exchange_one(channel, phase); !done) co_return done;
    phase.measured->latency.record(Clock::now() - phase.start - begin);
    ++phase.measured->messages;
    if (index == 0 && number % 64 == 0)
      phase.on_progress(std::chrono::duration<double>(begin) / phase.pace.length);
  }
}

}  // namespace

Duration due(const Pace& pace, std::uint64_t number, std::size_t index, std::size_t connections) {
  const double turn =
      static_cast<double>(number) * static_cast<double>(connections) + static_cast<double>(index);
  const double at_s = turn / pace.per_second;
  // Beyond every phase; also what would not fit into a Duration.
  if (at_s > 1e9) return Duration::max();
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{at_s});
}

asio::awaitable<Result<std::unique_ptr<Measured>>> run_load(
    std::vector<std::unique_ptr<Channel>>& channels, std::size_t message_size, Pace pace,
    Duration answer_limit, std::function<void(double)> on_progress) {
  Phase phase{pace,
              numbered_payload(1, message_size),
              answer_limit,
              Clock::now(),
              channels.size(),
              std::move(on_progress)};
  std::vector<asio::awaitable<Status>> parts;
  for (std::size_t i = 0; i < channels.size(); ++i)
    parts.push_back(run_connection(phase, *channels[i], i));
  if (Status done = co_await net::together(std::move(parts)); !done) co_return done.error();
  phase.measured->elapsed = Clock::now() - phase.start;
  co_return std::move(phase.measured);
}

}  // namespace netkit::echo
