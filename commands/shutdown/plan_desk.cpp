// Steps of the running plan, its record and how it is shown.
#include "commands/shutdown/plan_desk.hpp"

#include "base/json.hpp"
#include "base/units.hpp"
#include "commands/shutdown/operator_protocol.hpp"

namespace netkit::shutdown {

void PlanDesk::write_progress() {
  record_.progress = to_text(run_->stages()) + "\n" + run_->progress();
  changed_ = true;
}

void PlanDesk::begin(PlanRecord record, std::vector<Stage> stages, Time now) {
  record_ = std::move(record);
  orders_.clear();
  run_.emplace(std::move(stages));
  run_->start(now);
  write_progress();
}

Status PlanDesk::resume(PlanRecord record, const Book& book) {
  const std::size_t cut = record.progress.find('\n');
  if (cut == std::string::npos) return Error{Errc::malformed, "go on with the running plan"};
  Result<std::vector<Stage>> stages = parse_stages(record.progress.substr(0, cut));
  if (!stages) return stages.error();
  Result<PlanRun> run = PlanRun::resume(std::move(*stages), record.progress.substr(cut + 1));
  if (!run) return run.error();
  record_ = std::move(record);
  run_.emplace(std::move(*run));
  for (const Stage& stage : run_->stages())
    for (const PlanHost& host : stage.hosts) {
      const Order* const order = book.order_of(host.key);
      if (!order || order->plan != record_.id) continue;
      orders_[host.key] = order->id;
      run_->on_ordered(host.key, order->ordered);
    }
  return ok;
}

void PlanDesk::stop() {
  if (!is_running()) return;
  record_.running = false;
  record_.stopped = true;
  changed_ = true;
}

std::vector<OrderId> PlanDesk::drop() {
  std::vector<OrderId> orders;
  for (const auto& [host, id] : std::exchange(orders_, {}))
    if (id != 0) orders.push_back(id);
  run_.reset();
  record_ = {};
  changed_ = false;
  return orders;
}

/// True if the host has its order now.
bool PlanDesk::order(const HostKey& host, const GiveOrder& give_order) {
  const Request request{.issuer = record_.issuer,
                        .reason = record_.reason,
                        .force = record_.force,
                        .plan = record_.id};
  return (orders_[host] = give_order(host, request)) != 0;
}

bool PlanDesk::step(const Book& book, Time now, const GiveOrder& give_order) {
  if (is_running()) {
    for (const auto& [host, id] : orders_) {
      if (id == 0 && !order(host, give_order)) continue;  // In flight until its stage gives it up.
      const Order* const order = book.find_order(orders_.at(host));
      // Only a host's last order is in the book: one that is gone has ended.
      run_->on_state(host, !order || !order->active());
    }
    const bool was_over = run_->done();
    const std::vector<PlanHost> due = run_->tick(now);
    for (const PlanHost& host : due)
      order(host.key, give_order);
    if (run_->done()) record_.running = false;
    if (!due.empty() || run_->done() != was_over) write_progress();
  }
  return std::exchange(changed_, false);
}

std::optional<Time> PlanDesk::deadline() const {
  return is_running() ? run_->deadline() : std::nullopt;
}

std::string_view PlanDesk::state_of(std::size_t stage, const HostKey& host,
                                    const Book& book) const {
  const auto ordered = orders_.find(host);
  if (ordered == orders_.end()) return "waiting";
  if (const Order* const order = book.find_order(ordered->second)) return to_text(order->state);
  const bool given_up = ordered->second == 0 && (run_->is_over(stage) || !record_.running);
  return given_up ? "failed" : "waiting";
}

std::string PlanDesk::show(const Book& book) const {
  if (!run_) return "null";
  std::vector<std::string> stages;
  for (std::size_t i = 0; i < run_->stages().size(); ++i) {
    const Stage& stage = run_->stages()[i];
    std::vector<std::string> hosts;
    for (const PlanHost& each : stage.hosts) {
      JsonObject host;
      host.add("host", each.name).add("state", state_of(i, each.key, book));
      hosts.push_back(host.str());
    }
    const auto since = run_->since(i);
    JsonObject object;
    object.add("name", stage.name)
        .add("state", run_->is_over(i) ? "done"
                      : since          ? "running"
                                       : "waiting")
        .add("limit", seconds(stage.limit))
        .add_raw("since", since ? '"' + to_rfc3339(*since) + '"' : "null")
        .add_raw("hosts", json_array(hosts));
    stages.push_back(object.str());
  }
  JsonObject plan;
  plan.add("plan", to_text(OrderId{record_.id}))
      .add("state", record_.running   ? "running"
                    : record_.stopped ? "cancelled"
                                      : "done")
      .add("issuer", record_.issuer)
      .add("reason", record_.reason)
      .add_raw("stages", json_array(stages));
  return plan.str();
}

}  // namespace netkit::shutdown
