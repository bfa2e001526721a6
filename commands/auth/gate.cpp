// The throttle under its lock, and the timers of those who wait.
#include "commands/auth/gate.hpp"

#include <asio/steady_timer.hpp>

#include "base/units.hpp"
#include "net/spawn.hpp"

namespace netkit::auth {
namespace {

constexpr std::size_t bans_shown_max = 1000;
/// What the vault is given at a time, so that nobody waits long behind it.
constexpr std::size_t changes_at_once = 1000;

Error too_many_failures(Time wait_s) {
  return {Errc::refused, "sign in",
          "too many failures: try again in " + netkit::to_text(std::chrono::seconds{wait_s})};
}

Time wall_clock() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string kind_of(Throttle::Kind kind) {
  switch (kind) {
    case Throttle::Kind::account: return "account";
    case Throttle::Kind::address: return "address";
    case Throttle::Kind::device: break;
  }
  return "device";
}

}  // namespace

Gate::Gate(std::string key) : started_{wall_clock()}, throttle_{std::move(key)} {}

Gate::Pass::~Pass() {
  if (!gate_) return;
  const std::lock_guard lock{gate_->mutex_};
  gate_->throttle_.withdraw(attempt_);
}

Time Gate::Pass::failed(std::string_view password) {
  Gate& gate = *std::exchange(gate_, nullptr);
  const std::lock_guard lock{gate.mutex_};
  return gate.throttle_.failed(attempt_, password, gate.now());
}

std::uint32_t Gate::Pass::succeeded() {
  Gate& gate = *std::exchange(gate_, nullptr);
  const std::lock_guard lock{gate.mutex_};
  return gate.throttle_.succeeded(attempt_, gate.now());
}

Time Gate::now() const {
  const auto passed = std::chrono::steady_clock::now() - steady_start_;
  return started_ + std::chrono::duration_cast<std::chrono::seconds>(passed).count();
}

Throttle::Judgement Gate::judge(const Throttle::Attempt& attempt, Time waited) {
  const std::lock_guard lock{mutex_};
  return throttle_.judge(attempt, waited, now());
}

bool Gate::begin_wait(const std::string& source) {
  const std::lock_guard lock{mutex_};
  if (waiting_ >= gate_waiting_max) return false;
  if (!source.empty()) {
    std::size_t& of_source = waiting_by_source_[source];
    if (of_source >= gate_waiting_per_source_max) return false;
    ++of_source;
  }
  ++waiting_;
  return true;
}

void Gate::end_wait(const std::string& source) {
  const std::lock_guard lock{mutex_};
  --waiting_;
  const auto at = waiting_by_source_.find(source);
  if (at != waiting_by_source_.end() && --at->second == 0) waiting_by_source_.erase(at);
}

asio::awaitable<Result<Gate::Pass>> Gate::enter(Throttle::Attempt attempt) {
  asio::steady_timer timer{co_await asio::this_coro::executor};
  Time waited = 0;
  Throttle::Judgement judgement = judge(attempt, waited);
  while (!judgement.go_on() && !judgement.refuse) {
    if (!begin_wait(attempt.source)) {
      judgement.refuse = true;
      break;
    }
    timer.expires_after(std::chrono::seconds{judgement.wait});
    std::error_code cancelled;
    co_await timer.async_wait(net::into(cancelled));
    end_wait(attempt.source);
    waited += judgement.wait;
    judgement = judge(attempt, waited);
  }
  if (judgement.refuse) co_return too_many_failures(std::max<Time>(judgement.wait, 1));
  co_return Pass{*this, std::move(attempt)};
}

std::vector<BanView> Gate::bans() const {
  const std::lock_guard lock{mutex_};
  std::vector<BanView> shown;
  for (Throttle::Ban& each : throttle_.bans(now(), bans_shown_max))
    shown.push_back({.key = std::move(each.key),
                     .kind = kind_of(each.kind),
                     .failures = each.failures,
                     .until = each.until});
  return shown;
}

std::size_t Gate::clear(std::string_view what) {
  const std::lock_guard lock{mutex_};
  return throttle_.clear(what);
}

std::vector<ThrottleRecord> Gate::take_changes() {
  const std::lock_guard lock{mutex_};
  return throttle_.take_changes(changes_at_once);
}

void Gate::give_back(std::span<const ThrottleRecord> records) {
  const std::lock_guard lock{mutex_};
  throttle_.give_back(records);
}

void Gate::restore(std::span<const ThrottleRecord> records) {
  const std::lock_guard lock{mutex_};
  throttle_.restore(records, now());
}

}  // namespace netkit::auth
