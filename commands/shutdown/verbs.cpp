// list, cancel, history, wake and enrol: each asks the server one thing and prints the answer.
#include "commands/shutdown/verbs.hpp"

#include <map>
#include <set>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/json_text.hpp"
#include "cli/paths.hpp"
#include "commands/shutdown/operator_client.hpp"
#include "commands/shutdown/records.hpp"
#include "commands/shutdown/shutdown.hpp"

namespace netkit::shutdown {
namespace {

/// A verb that sends one request and shows each object of one array in the answer.
class AskAction : public cli::Action {
 public:
  void declare(cli::Options& options) override {
    declare_own(options);
    declare_operator(options, operator_);
  }

  Status run(cli::Context& context) override {
    return with_operator(context, operator_,
                         [&](OperatorClient& client) { return ask_and_show(context, client); });
  }

 protected:
  virtual void declare_own(cli::Options& options) = 0;
  virtual asio::awaitable<Status> ask_and_show(cli::Context& context, OperatorClient& client) = 0;

  OperatorOptions operator_;
};

class ListAction final : public AskAction {
  void declare_own(cli::Options&) override { operator_.verbs = {"list"}; }

  asio::awaitable<Status> ask_and_show(cli::Context& context, OperatorClient& client) override {
    Result<wire::Json> answer = co_await client.ask("list", {});
    if (!answer) co_return answer.error();
    for (const wire::Json& host : answer->items("hosts"))
      if (Status shown = show_line(context, host, {"name", "address", "state", "since"}); !shown)
        co_return shown;
    co_return ok;
  }
};

class CancelAction final : public AskAction {
  void declare_own(cli::Options& options) override {
    operator_.verbs = {"cancel"};
    options.flag("plan", plan_, "The plan that runs, with its orders, instead of hosts")
        .only_on_command_line();
    declare_hosts(options, hosts_);
  }

  asio::awaitable<Status> ask_and_show(cli::Context& context, OperatorClient& client) override {
    JsonObject request;
    add_hosts(request, hosts_);
    request.add("running_plan", plan_);
    Result<wire::Json> answer = co_await client.ask("cancel", std::move(request));
    if (!answer) co_return answer.error();
    if (const wire::Json* const plan = answer->find("plan"))
      co_return show_line(context, *plan, {"plan", "state"});
    std::vector<std::string> late;
    for (const wire::Json& order : answer->items("orders")) {
      if (Status shown = show_line(context, order, {"host", "state", "why"}); !shown)
        co_return shown;
      if (order.string("state") != std::string_view{"cancelled"} &&
          order.boolean("cancelling") != true)
        late.push_back(escape_for_display(order.string("host").value_or("")));
    }
    if (!late.empty())
      co_return Error{Errc::refused, "cancel the order of " + join(late, ", "),
                      "it is going down already"};
    co_return ok;
  }

  bool plan_ = false;
  Hosts hosts_;
};

class HistoryAction final : public AskAction {
  void declare_own(cli::Options& options) override {
    operator_.verbs = {"history"};
    options.value("limit", limit_, "N", "How many orders, newest first").with_letter('n');
  }

  asio::awaitable<Status> ask_and_show(cli::Context& context, OperatorClient& client) override {
    JsonObject request;
    request.add("limit", limit_);
    Result<wire::Json> answer = co_await client.ask("history", std::move(request));
    if (!answer) co_return answer.error();
    for (const wire::Json& order : answer->items("orders")) {
      Status shown =
          show_line(context, order, {"ordered", "host", "state", "issuer", "reason", "why"});
      if (!shown) co_return shown;
    }
    co_return ok;
  }

  std::uint32_t limit_ = 100;
};

class WakeAction final : public AskAction {
  void declare_own(cli::Options& options) override {
    operator_.verbs = {"wake", "watch"};
    declare_hosts(options, hosts_);
    options.value("wait", wait_, "DUR", "Wait until their agents are online, at most for DUR")
        .may_stand_alone("10m");
  }

  asio::awaitable<Status> ask_and_show(cli::Context& context, OperatorClient& client) override {
    std::set<std::string, std::less<>> awake;
    if (wait_) {
      Result<wire::Json> watching = co_await client.ask("watch", {});
      if (!watching) co_return watching.error();
      for (const wire::Json& host : watching->items("hosts"))
        if (host.boolean("connected") == true) awake.emplace(host.string("machine").value_or(""));
    }
    JsonObject request;
    add_hosts(request, hosts_);
    Result<wire::Json> answer = co_await client.ask("wake", std::move(request));
    if (!answer) co_return answer.error();
    std::map<std::string, std::string, std::less<>> asleep;
    for (const wire::Json& host : answer->items("hosts")) {
      if (Status shown = show_line(context, host, {"host", "sent", "error"}); !shown)
        co_return shown;
      const std::string machine{host.string("machine").value_or("")};
      if (!awake.contains(machine)) asleep.emplace(machine, host.string("host").value_or(""));
    }
    if (!wait_) co_return ok;
    co_return co_await see_them_up(context, client, std::move(asleep));
  }

  /// Until each has shown itself; `asleep` has their names by machine id.
  asio::awaitable<Status> see_them_up(cli::Context& context, OperatorClient& client,
                                      std::map<std::string, std::string, std::less<>> asleep) {
    const auto end = std::chrono::steady_clock::now() + *wait_;
    while (!asleep.empty()) {
      const Duration left = end - std::chrono::steady_clock::now();
      Result<wire::Json> event = Errc::timed_out;
      if (left.count() > 0) event = co_await client.next_event(left);
      if (!event && event.error().code == Errc::timed_out)
        co_return Error{Errc::timed_out, "see " + asleep.begin()->second + " online",
                        "is Wake-on-LAN on in its firmware?"};
      if (!event) co_return event.error();
      const wire::Json* const host = event->find("host");
      if (!host || host->boolean("connected") != true) continue;
      const auto found = asleep.find(host->string("machine").value_or(""));
      if (found == asleep.end()) continue;
      asleep.erase(found);
      if (Status shown = show_line(context, *host, {"name", "state"}); !shown) co_return shown;
    }
    co_return ok;
  }

  Hosts hosts_;
  std::optional<Duration> wait_;
};

class EnrolAction final : public AskAction {
  void declare_own(cli::Options& options) override {
    operator_.verbs = {"enrol"};
    options.value("operator", operator_name_, "NAME",
                  "Print a token for somebody who may order from afar, instead of an agent's code");
    options.value("revoke", revoke_, "NAME",
                  "Take back the tokens of an operator, a host or a machine id");
  }

  asio::awaitable<Status> ask_and_show(cli::Context& context, OperatorClient& client) override {
    JsonObject request;
    if (operator_name_ && revoke_) co_return Error{Errc::usage, "combine --operator and --revoke"};
    if (operator_name_) request.add("operator", *operator_name_);
    if (revoke_) request.add("revoke", *revoke_);
    Result<wire::Json> answer = co_await client.ask("enrol", std::move(request));
    if (!answer) co_return answer.error();
    co_return show_line(context, *answer,
                        {revoke_          ? "revoked"
                         : operator_name_ ? "token"
                                          : "code"});
  }

  std::optional<std::string> operator_name_;
  std::optional<std::string> revoke_;
};

/// A member for a person: text safe to show, numbers and words as they are.
std::string shown(const wire::Json* value) {
  if (!value || value->is_null()) return {};
  if (const auto text = value->string()) return escape_for_display(*text);
  return cli::json_text(*value);
}

}  // namespace

std::vector<std::string> known_names(const cli::Typed& typed) {
  std::string state = typed.value_of("state");
  if (state.empty())
    state = cli::state_directory(typed.environment, "shutdown-server", geteuid() == 0);
  return Records::host_names(state);
}

void declare_hosts(cli::Options& options, Hosts& hosts) {
  options.positionals("HOST", hosts.names, "Host names, machine ids or addresses")
      .completes(known_names);
  options.flag("all-matching", hosts.all_matching, "Take every host that a name fits");
}

void add_hosts(JsonObject& to, const Hosts& hosts) {
  std::vector<std::string> names;
  for (const std::string& each : hosts.names)
    append_json_string(names.emplace_back(), each);
  to.add_raw("hosts", "[" + join(names, ",") + "]").add("all_matching", hosts.all_matching);
}

Status show_line(cli::Context& context, const wire::Json& object,
                 std::initializer_list<std::string_view> members) {
  if (context.out.json()) return context.out.line(cli::json_text(object));
  std::string line;
  std::size_t end = 0;
  for (const std::string_view member : members) {
    if (!line.empty() || end > 0) line += '\t';
    const std::string text = shown(object.find(member));
    line += text;
    if (!text.empty()) end = line.size();
  }
  line.resize(end);
  return context.out.line(line);
}

Status show_step(cli::Context& context, const wire::Json& step) {
  if (context.out.json()) return context.out.line(cli::json_text(step));
  std::vector<std::string> after;
  for (const wire::Json& each : step.items("after"))
    after.push_back(shown(&each));
  const std::string who =
      shown(step.find("stage")) + "\t" + shown(step.find("host")) + "\t" + shown(step.find("when"));
  return context.out.line(after.empty() ? who : who + "\tafter " + join(after, " "));
}

std::unique_ptr<cli::Action> make_list() {
  return std::make_unique<ListAction>();
}
std::unique_ptr<cli::Action> make_cancel() {
  return std::make_unique<CancelAction>();
}
std::unique_ptr<cli::Action> make_history() {
  return std::make_unique<HistoryAction>();
}
std::unique_ptr<cli::Action> make_wake() {
  return std::make_unique<WakeAction>();
}
std::unique_ptr<cli::Action> make_enrol() {
  return std::make_unique<EnrolAction>();
}

}  // namespace netkit::shutdown
