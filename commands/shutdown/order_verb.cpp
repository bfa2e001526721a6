// shutdown-server order: give orders, follow them to their end, and say by the exit code how the
// worst of them ended.
#include "base/file.hpp"
#include "base/units.hpp"
#include "commands/shutdown/operator_client.hpp"
#include "commands/shutdown/outcome.hpp"
#include "commands/shutdown/plan.hpp"
#include "commands/shutdown/shutdown.hpp"
#include "commands/shutdown/verbs.hpp"

namespace netkit::shutdown {
namespace {

class OrderAction final : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    options.flag("all", all_, "Every host that has an agent or is connected")
        .only_on_command_line();
    declare_hosts(options, hosts_);
    options
        .value("plan", plan_, "FILE", "Carry out a plan: stages, one after the other; - is stdin")
        .completes(cli::Complete::file);
    options.flag("dry-run", dry_run_, "Say who would go, when and after whom; order nobody");
    options.value("delay", delay_, "DUR", "Tell the hosts only after this time");
    options.value("reason", reason_, "TEXT", "Told to the hosts and kept in the history");
    options.value("expire", expire_, "DUR",
                  "An order that could not be delivered until then is void; 0: never");
    options.flag("force", force_, "Go down although programs there ask systemd to wait");
    options.value("wait", wait_, "DUR", "Follow each host to its end, at most for DUR")
        .may_stand_alone("0");
    declare_operator(options, operator_);
  }

  Status run(cli::Context& context) override;

 private:
  Status check() const;
  JsonObject request() const;
  asio::awaitable<Status> talk(cli::Context& context, OperatorClient& client);
  asio::awaitable<Status> give_orders(cli::Context& context, OperatorClient& client);
  asio::awaitable<Status> carry_out_plan(cli::Context& context, OperatorClient& client);
  asio::awaitable<Status> follow(cli::Context& context, OperatorClient& client);
  Status note(cli::Context& context, const wire::Json& order);
  void note_plan(const wire::Json& plan);

  Hosts hosts_;
  bool all_ = false;
  std::optional<std::string> plan_;
  bool dry_run_ = false;
  Duration delay_{0};
  std::string reason_;
  Duration expire_ = std::chrono::hours{1};
  bool force_ = false;
  std::optional<Duration> wait_;
  OperatorOptions operator_;

  std::string plan_text_;
  std::string plan_id_;  // While a plan is followed; its orders come one after the other.
  bool plan_over_ = false;
  Outcome outcome_;
};

Status OrderAction::check() const {
  const int given = (hosts_.names.empty() ? 0 : 1) + (all_ ? 1 : 0) + (plan_ ? 1 : 0);
  if (given == 1) return ok;
  return Error{Errc::usage, "tell whom to order", "name hosts, or give --all, or --plan FILE"};
}

Status OrderAction::run(cli::Context& context) {
  if (Status fits = check(); !fits) return fits;
  if (plan_) {
    Result<std::string> text = read_file(*plan_ == "-" ? "/dev/stdin" : *plan_, plan_size_max);
    if (!text) return text.error();
    plan_text_ = std::move(*text);
  }
  operator_.verbs = {plan_ ? "plan" : "order", "watch"};
  return with_operator(context, operator_,
                       [&](OperatorClient& client) { return talk(context, client); });
}

asio::awaitable<Status> OrderAction::talk(cli::Context& context, OperatorClient& client) {
  const bool follows = wait_ && !dry_run_;
  // Asked for first, so that no news of the orders is missed.
  if (follows)
    if (Result<wire::Json> watching = co_await client.ask("watch", {}); !watching)
      co_return watching.error();
  Status given = ok;
  if (plan_)
    given = co_await carry_out_plan(context, client);
  else
    given = co_await give_orders(context, client);
  if (!given || !follows) co_return given;
  co_return co_await follow(context, client);
}

JsonObject OrderAction::request() const {
  JsonObject request;
  request.add("reason", reason_)
      .add("force", force_)
      .add("dry_run", dry_run_)
      .add("delay", seconds(delay_))
      .add("expire", seconds(expire_));
  return request;
}

asio::awaitable<Status> OrderAction::give_orders(cli::Context& context, OperatorClient& client) {
  JsonObject order = request();
  add_hosts(order, hosts_);
  order.add("all", all_);
  Result<wire::Json> answer = co_await client.ask("order", std::move(order));
  if (!answer) co_return answer.error();
  for (const wire::Json& each : answer->items("hosts"))
    if (Status shown = show_line(context, each, {"name", "address", "state"}); !shown)
      co_return shown;
  for (const wire::Json& each : answer->items("orders")) {
    outcome_.expect(each);
    if (Status noted = note(context, each); !noted) co_return noted;
  }
  co_return ok;
}

asio::awaitable<Status> OrderAction::carry_out_plan(cli::Context& context, OperatorClient& client) {
  JsonObject order = request();
  order.add("plan", plan_text_);
  Result<wire::Json> answer = co_await client.ask("plan", std::move(order));
  if (!answer) co_return answer.error();
  for (const wire::Json& step : answer->items("steps"))
    if (Status shown = show_step(context, step); !shown) co_return shown;
  const wire::Json* const plan = answer->find("plan");
  if (dry_run_ || !plan) co_return ok;
  plan_id_ = plan->string("plan").value_or("");
  co_return show_line(context, *plan, {"plan", "state"});
}

/// Prints an order's step the first time it is seen.
Status OrderAction::note(cli::Context& context, const wire::Json& order) {
  if (!outcome_.note(order)) return ok;
  return show_line(context, order, {"host", "state", "why"});
}

void OrderAction::note_plan(const wire::Json& plan) {
  if (plan.string("plan") != plan_id_ || plan.string("state") == std::string_view{"running"})
    return;
  plan_over_ = true;
  for (const wire::Json& stage : plan.items("stages"))
    for (const wire::Json& host : stage.items("hosts"))
      if (host.string("state") == std::string_view{"failed"})
        outcome_.not_ordered(std::string{host.string("host").value_or("")});
}

asio::awaitable<Status> OrderAction::follow(cli::Context& context, OperatorClient& client) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + *wait_;
  while (plan_id_.empty() ? !outcome_.is_over() : !plan_over_) {
    Duration left{0};
    if (wait_->count() > 0) {
      left = end - Clock::now();
      if (left.count() <= 0) co_return outcome_.too_late();
    }
    Result<wire::Json> event = co_await client.next_event(left);
    if (!event && event.error().code == Errc::timed_out) co_return outcome_.too_late();
    if (!event) co_return event.error();
    if (const wire::Json* const order = event->find("order")) {
      if (!plan_id_.empty() && order->string("plan") == plan_id_) outcome_.expect(*order);
      if (Status noted = note(context, *order); !noted) co_return noted;
    } else if (const wire::Json* const plan = event->find("plan")) {
      note_plan(*plan);
    }
  }
  co_return outcome_.verdict();
}

}  // namespace

std::unique_ptr<cli::Action> make_order() {
  return std::make_unique<OrderAction>();
}

}  // namespace netkit::shutdown
