// Plans and waking: what operators ask of the desk that goes on after the answer.
#include "base/text.hpp"
#include "cli/remote_error.hpp"
#include "commands/shutdown/desk.hpp"
#include "commands/shutdown/wake.hpp"
#include "net/spawn.hpp"
#include "wire/websocket.hpp"

namespace netkit::shutdown {

Desk::Answer Desk::plan(Operator& who, const OperatorRequest& request) {
  const Result<Plan> plan = parse_plan(request.plan);
  if (!plan) return plan.error();
  const auto named = [this](const HostKey& key) {
    const Host* const host = book_.find_host(key);
    return PlanHost{key, host ? host->name : key.substr(2)};
  };
  KnownHosts known;
  known.matching = [&](std::string_view text) {
    std::vector<PlanHost> found;
    for (const HostKey& key : matching(text))
      found.push_back(named(key));
    return found;
  };
  for (const auto& [key, host] : book_.hosts())
    known.all.push_back(named(key));
  Result<std::vector<Stage>> stages = shutdown::resolve(*plan, known);
  if (!stages) return stages.error();
  if (request.dry_run) {
    std::vector<std::string> steps;
    for (const PlanStep& step : dry_run(*stages))
      steps.push_back(show(step));
    return cli::success(request.id).add_raw("steps", json_array(steps)).str();
  }
  if (plans_.is_running())
    return Error{Errc::busy, "begin a second plan",
                 "end the one that runs: netkit shutdown-server cancel --plan"};
  PlanRecord record;
  record.id = new_order_id();
  record.text = request.plan;
  record.issuer = who.name;
  record.reason = request.reason;
  record.force = request.force;
  record.started = now();
  plans_.begin(std::move(record), std::move(*stages), now());
  log_.info("plan", {{"plan", to_text(OrderId{plans_.record().id})}, {"issuer", who.name}});
  answer_with_plan(who, request);
  return std::string{};
}

Desk::Answer Desk::cancel_plan(Operator& who, const OperatorRequest& request) {
  if (!plans_.is_running())
    return Error{Errc::not_found, "find a plan that runs", "try: netkit shutdown-server history"};
  plans_.stop();
  for (const auto& [key, host] : book_.hosts())
    if (const Order* const order = book_.order_of(key);
        order && order->active() && order->plan == plans_.record().id)
      book_.cancel(order->id, now());
  answer_with_plan(who, request);
  pending_.back().cancels = true;
  return std::string{};
}

void Desk::answer_with_plan(const Operator& who, const OperatorRequest& request) {
  pending_.push_back({.outlet = who.outlet, .request = request.id, .plan = true});
  wake_up();
}

Desk::Answer Desk::wake(Operator& who, const OperatorRequest& request) {
  Result<std::vector<HostKey>> hosts = resolve(request);
  if (!hosts) return hosts.error();
  for (const HostKey& key : *hosts)
    if (const Host* const host = book_.find_host(key); !host || host->hardware_addresses.empty())
      return Error{Errc::not_found, "find a hardware address of " + (host ? host->name : key),
                   "only hosts whose agent was here can be woken"};
  log_.info("wake", {{"issuer", who.name}, {"hosts", hosts->size()}});
  asio::co_spawn(main_, send_wake(who.outlet, request.id, std::move(*hosts)), net::rethrow);
  return std::string{};
}

asio::awaitable<void> Desk::send_wake(std::shared_ptr<net::Outlet> to, std::int64_t id,
                                      std::vector<HostKey> hosts) {
  std::vector<std::string> shown;
  for (const HostKey& key : hosts) {
    const Host* const found = book_.find_host(key);
    if (!found) continue;
    const Host host = *found;
    const Result<std::size_t> sent =
        co_await send_magic_packets(host.hardware_addresses, host.address);
    JsonObject object;
    object.add("host", host.name)
        .add("machine", to_text(host.machine))
        .add("sent", sent ? *sent : 0);
    if (!sent) object.add("error", sent.error().message());
    shown.push_back(object.str());
  }
  to->post(wire::WebSocketOp::text, cli::success(id).add_raw("hosts", json_array(shown)).str());
}

}  // namespace netkit::shutdown
