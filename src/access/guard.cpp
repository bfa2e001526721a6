// The guard's face to all threads: what is known is answered at once, the rest is for its core.
#include "access/guard.hpp"

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "access/guard_core.hpp"
#include "net/spawn.hpp"

namespace netkit::access {
namespace {

constexpr std::size_t questions_max = 10'000;

}  // namespace

Guard::Guard(GuardSettings settings, log::Logger& log)
    : core_{std::make_shared<Core>(std::move(settings), log)} {}

Guard::~Guard() {
  core_->stop();
}

void Guard::start(asio::io_context& main) {
  core_->start(main);
}

void Guard::stop() {
  core_->stop();
}

std::optional<Result<Who>> Guard::check(std::string_view credential, const Wish& wish) {
  return core_->judge.judge(credential, wish, Moment::now());
}

void Guard::ask(std::string credential, Wish wish, std::function<void(Result<Who>)> then) {
  Result<Asking> asking = asking_of(credential);
  identity::wipe(credential);
  std::optional<Result<Who>> known;
  if (!asking)
    known = asking.error();
  else
    known = core_->judge.judge(*asking, wish, Moment::now());
  if (!known && core_->under_way.fetch_add(1) >= questions_max) {
    core_->under_way.fetch_sub(1);
    known = Error{Errc::busy, "check the token", "too many are checked; try again in 1 s"};
  }
  if (known) {
    asio::post(*core_->main, [then = std::move(then), known = std::move(*known)] { then(known); });
    return;
  }
  asio::post(*core_->main, [core = core_, asking = std::move(*asking), wish = std::move(wish),
                            then = std::move(then)]() mutable {
    const auto hear = [core, asking, wish, then](const Core::Granted& granted) {
      core->under_way.fetch_sub(1);
      if (!granted) return then(granted.error());
      then(core->judge.decide(asking, *granted, wish, Moment::now()));
    };
    core->ask(asking, hear);
  });
}

asio::awaitable<Result<Who>> Guard::admit(std::string credential, Wish wish) {
  if (auto known = check(credential, wish)) co_return std::move(*known);
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  struct Answer {
    asio::steady_timer given;  // Never fires; cancelled by the answer.
    Result<Who> who = Errc::stopped;
  };
  const auto answer = std::make_shared<Answer>(
      Answer{asio::steady_timer{executor, asio::steady_timer::time_point::max()}});
  // The timer is this thread's: elsewhere nobody keeps it from going.
  const auto tell = [waiting = std::weak_ptr{answer}, executor](Result<Who> who) {
    auto there = waiting.lock();
    if (!there) return;
    asio::post(executor, [there = std::move(there), who = std::move(who)]() mutable {
      there->who = std::move(who);
      there->given.cancel();
    });
  };
  ask(std::move(credential), std::move(wish), tell);
  std::error_code cancelled;
  co_await answer->given.async_wait(net::into(cancelled));
  co_return answer->who;
}

Status Guard::may(const Who& who, const Wish& wish) const {
  return core_->judge.may(who, wish, Moment::now());
}

std::shared_ptr<Guard::Watch> Guard::watch(const Who& who, std::string scope,
                                           std::function<void()> end, std::string address) {
  auto watch = std::make_shared<Watch>(who, std::move(scope), std::move(end), std::move(address));
  asio::post(*core_->main, [core = core_, watch] { core->add(watch); });
  return watch;
}

}  // namespace netkit::access
