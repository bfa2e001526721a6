// One coroutine a step. What the host's own programs see of us is decided here.
#include "commands/shutdown/agent_work.hpp"

#include <ctime>

#include "base/text.hpp"
#include "net/spawn.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::size_t command_output_size_max = 4096;

std::string_view last_line(std::string_view output) {
  output = trim(output);
  return output.substr(output.rfind('\n') + 1);
}

}  // namespace

Instant instant_now() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

Status OrderWork::recall() {
  const Result<std::vector<Claims::Claim>> claims = claims_.load();
  if (!claims) return claims.error();
  for (const Claims::Claim& each : *claims)
    machine_.remember_started(each.order, each.failure);
  return ok;
}

void OrderWork::begin(const CheckInhibitors& check) {
  asio::co_spawn(io_, check_inhibitors(check.order), net::rethrow);
}

asio::awaitable<void> OrderWork::check_inhibitors(OrderOffer order) {
  const std::string why = co_await find_inhibitor(plan_.path, environment_for(order));
  perform_(machine_.inhibitors_checked(order.order, why, instant_now()));
}

void OrderWork::begin(const RunHooks& run) {
  hooks_ = std::make_shared<HookRun>();
  asio::co_spawn(io_, run_hooks(hooks_, run.order), net::rethrow);
}

asio::awaitable<void> OrderWork::run_hooks(std::shared_ptr<HookRun> hooks, OrderOffer order) {
  const std::string why =
      co_await hooks->run(plan_.hooks, environment_for(order), plan_.hook_limit);
  perform_(machine_.hooks_ended(order.order, why, instant_now()));
}

void OrderWork::stop_hooks() {
  if (hooks_) hooks_->stop();
}

void OrderWork::begin(const StartCommand& start) {
  asio::co_spawn(io_, run_command(start.order), net::rethrow);
}

asio::awaitable<void> OrderWork::run_command(OrderOffer order) {
  const OrderId id = order.order;
  const net::Launch launch{.arguments = plan_.power_off.arguments,
                           .environment = environment_for(order),
                           .instead = plan_.power_off.instead,
                           .claim = claims_.path(id),
                           .output_size_max = command_output_size_max,
                           .outlives_us = true};
  Result<net::Process> process = net::Process::start(io_.get_executor(), launch);
  // Two statements: g++ 12 destroys the temporary of a conditional co_await too early.
  Status begun = ok;
  if (process)
    begun = co_await process->begun();
  else
    begun = process.error();
  if (!begun && begun.error().code == Errc::busy)
    co_return perform_(machine_.command_was_begun(id, claims_.failure(id)));
  perform_(machine_.command_begun(id, begun));
  if (begun) co_await see_to_its_end(id, *process);
}

asio::awaitable<void> OrderWork::see_to_its_end(OrderId order, net::Process& process) {
  const net::ProcessEnd end = co_await process.ended({});
  std::string failure;
  if (!end.succeeded()) {
    const std::string said = last_words(last_line(end.output));
    failure = "the command " + to_text(end) + (said.empty() ? "" : ": " + said);
    // For the agent after this one. If it cannot be kept, the order counts as carried out.
    if (Status kept = claims_.keep_failure(order, failure); !kept)
      context_.log.warn("state", {{"error", kept.error().message()}});
  }
  perform_(machine_.command_ended(order, failure));
}

/// Ours without what only concerns us, and what a hook or command may want to know.
std::vector<std::string> OrderWork::environment_for(const OrderOffer& order) const {
  std::vector<std::string> all;
  for (const auto& [name, value] : context_.environment) {
    const bool ours = name.starts_with("NETKIT_") || name.starts_with("LISTEN_") ||
                      name.starts_with("WATCHDOG_") || name == "NOTIFY_SOCKET";
    if (!ours && name != "PATH") all.push_back(name + "=" + value);
  }
  all.push_back("PATH=" + plan_.path);
  all.push_back("NETKIT_ORDER=" + to_text(order.order));
  // A NUL would end the value early, and a line end forge another line in a hook's log.
  all.push_back("NETKIT_REASON=" + escape_for_display(order.reason));
  all.push_back("NETKIT_ISSUER=" + escape_for_display(order.issuer));
  all.push_back(std::string{"NETKIT_DRY_RUN="} + (plan_.rules.dry_run ? "1" : ""));
  return all;
}

}  // namespace netkit::shutdown
