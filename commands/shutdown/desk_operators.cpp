// What operators ask of the desk, and what it tells them.
#include <algorithm>

#include "base/text.hpp"
#include "cli/remote_error.hpp"
#include "commands/shutdown/desk.hpp"
#include "identity/token.hpp"
#include "wire/websocket.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::chrono::hours code_limit{1};
/// How many orders a watcher is shown to begin with.
constexpr std::size_t watched_history = 100;

/// Requests that may come before the auth service has said who asks.
constexpr std::size_t early_max = 64;

constexpr auto text_message = wire::WebSocketOp::text;

}  // namespace

void Desk::operator_says(SessionId session, const wire::Json& message) {
  const auto found = operators_.find(session);
  if (found == operators_.end() || closed_) return;
  Operator& who = found->second;
  if (who.signing_in) {
    if (who.early.size() >= early_max) return who.outlet->close();
    who.early.push_back(message);
    return;
  }
  matches_.clear();
  Result<OperatorRequest> request = read_request(message);
  if (request)
    if (Status may = permitted(who, *request); !may) request = may.error();
  const std::int64_t id = message.integer("id").value_or(0);
  const Answer answer = request ? this->answer(who, *request) : Answer{request.error()};
  if (!answer)
    who.outlet->post(text_message, cli::show_failure(id, answer.error(), matches_));
  else if (!answer->empty())
    who.outlet->post(text_message, *answer);
}

Desk::Answer Desk::answer(Operator& who, const OperatorRequest& request) {
  switch (request.ask) {
    case Ask::list: return cli::success(request.id).add_raw("hosts", all_hosts()).str();
    case Ask::order: return order(who, request);
    case Ask::cancel: return request.cancel_plan ? cancel_plan(who, request) : cancel(who, request);
    case Ask::plan: return plan(who, request);
    case Ask::history: return history(request);
    case Ask::wake: return wake(who, request);
    case Ask::enrol: return enrol(who, request);
    case Ask::watch: return watch(who, request);
  }
  return Errc::unexpected;
}

std::vector<HostKey> Desk::matching(std::string_view text) const {
  const auto address = store::canonical_address(text);
  std::vector<HostKey> found = book_.matching(address ? *address : text);
  if (found.empty() && address && listed_->addresses().contains(*address))
    found = {key_of_address(*address)};
  return found;
}

Result<std::vector<HostKey>> Desk::resolve(const OperatorRequest& request) {
  std::vector<HostKey> found;
  if (request.all) {
    for (const auto& [key, host] : book_.hosts())
      if (host.has_agent() || book_.is_connected(key)) found.push_back(key);
    if (found.empty())
      return Error{Errc::not_found, "find a host", "no agent has introduced itself so far"};
    return found;
  }
  if (request.hosts.empty()) return Error{Errc::usage, "order nobody", "name hosts, or --all"};
  std::set<HostKey> seen;
  for (const std::string& text : request.hosts) {
    const std::vector<HostKey> matching = this->matching(text);
    if (matching.empty())
      return Error{Errc::not_found, "find host '" + escape_for_display(text) + "'",
                   "try: netkit shutdown-server list"};
    if (matching.size() > 1 && !request.all_matching) {
      for (const HostKey& key : matching) {
        const Host& host = *book_.find_host(key);
        matches_.push_back(host.name + " " + host.address +
                           (host.has_agent() ? " " + to_text(host.machine) : ""));
      }
      return Error{Errc::usage, "tell which '" + escape_for_display(text) + "' is meant",
                   join(matches_, ", ") + "; name one by machine id, or give --all-matching"};
    }
    for (const HostKey& key : matching)
      if (seen.insert(key).second) found.push_back(key);
  }
  return found;
}

Desk::Answer Desk::order(Operator& who, const OperatorRequest& request) {
  Result<std::vector<HostKey>> hosts = resolve(request);
  if (!hosts) return hosts.error();
  if (request.dry_run) {
    std::vector<std::string> shown;
    for (const HostKey& key : *hosts)
      if (const Host* const host = book_.find_host(key)) shown.push_back(show(*host, book_));
    return cli::success(request.id).add_raw("hosts", json_array(shown)).str();
  }
  const Request wanted{.issuer = who.name,
                       .reason = request.reason,
                       .force = request.force,
                       .delay = request.delay,
                       .expire = request.expire};
  Pending pending{.outlet = who.outlet, .request = request.id};
  for (const HostKey& key : *hosts) {
    const Order* const before = book_.order_of(key);
    const OrderId active = before && before->active() ? before->id : 0;
    const Result<OrderId> id = order_host(key, wanted);
    if (!id) {  // All or none.
      book_.withdraw(pending.fresh, held_);
      return id.error();
    }
    pending.orders.push_back(*id);
    if (*id != active) pending.fresh.push_back(*id);
  }
  pending_.push_back(std::move(pending));
  wake_up();
  return std::string{};
}

Desk::Answer Desk::cancel(Operator& who, const OperatorRequest& request) {
  Result<std::vector<HostKey>> hosts = resolve(request);
  if (!hosts) return hosts.error();
  Pending pending{.outlet = who.outlet, .request = request.id, .cancels = true};
  std::string late;
  bool any = false;
  for (const HostKey& key : *hosts) {
    const Order* const order = book_.order_of(key);
    if (!order || !order->active()) continue;
    const OrderId id = order->id;
    pending.orders.push_back(id);
    if (book_.cancel(id, now()))
      any = true;
    else
      late = book_.find_host(key)->name;
  }
  if (!any && !late.empty())
    return Error{Errc::refused, "cancel the order of " + late, "it is going down already"};
  if (pending.orders.empty())
    return Error{Errc::not_found, "find an order to cancel", "try: netkit shutdown-server history"};
  pending_.push_back(std::move(pending));
  wake_up();
  return std::string{};
}

Desk::Answer Desk::history(const OperatorRequest& request) {
  const Result<std::string> orders = latest_orders(request.limit);
  if (!orders) return orders.error();
  return cli::success(request.id).add_raw("orders", *orders).str();
}

Desk::Answer Desk::enrol(Operator& who, const OperatorRequest& request) {
  const bool makes_or_ends_operators = !request.operator_name.empty() || !request.revoke.empty();
  if (makes_or_ends_operators && !who.local)
    return Error{Errc::refused, "change who may order",
                 "that is done on the server's own machine only"};
  if (!request.revoke.empty()) {
    const Result<std::int64_t> count = records_.revoke(request.revoke);
    if (!count) return count.error();
    if (*count == 0)
      return Error{Errc::not_found, "find a token of '" + escape_for_display(request.revoke) + "'",
                   "name an operator, a host or a machine id"};
    log_.info("revoke", {{"issuer", who.name}, {"name", request.revoke}, {"tokens", *count}});
    end_connections_of(request.revoke);
    return cli::success(request.id).add("revoked", *count).str();
  }
  if (request.operator_name.empty()) {
    const std::string code = identity::make_code();
    if (Status kept = records_.add_code(code, now() + code_limit); !kept) return kept.error();
    log_.info("enrol", {{"issuer", who.name}});
    return cli::success(request.id)
        .add("code", code)
        .add("expires_in", std::chrono::seconds{code_limit}.count())
        .str();
  }
  const std::string token = identity::make_token();
  const Status kept =
      records_.add_credential(token, {Right::order, request.operator_name, {}}, now());
  if (!kept) return kept.error();
  log_.info("enrol", {{"issuer", who.name}, {"operator", request.operator_name}});
  return cli::success(request.id).add("token", token).str();
}

Desk::Answer Desk::watch(Operator& who, const OperatorRequest& request) {
  const Result<std::string> orders = latest_orders(watched_history);
  if (!orders) return orders.error();
  who.watches = true;
  return cli::success(request.id)
      .add_raw("hosts", all_hosts())
      .add_raw("orders", *orders)
      .add_raw("plan", plans_.show(book_))
      .str();
}

Result<std::string> Desk::latest_orders(std::size_t limit) {
  const Result<std::vector<Order>> orders = records_.history(limit);
  if (!orders) return orders.error();
  std::vector<std::string> shown;
  for (const Order& each : *orders)
    shown.push_back(show_order(each));
  return json_array(shown);
}

std::string Desk::all_hosts() const {
  std::vector<std::string> shown;
  std::set<std::string_view> addresses;
  for (const auto& [key, host] : book_.hosts()) {
    shown.push_back(show(host, book_));
    addresses.insert(host.address);
  }
  for (const std::string& address : listed_->addresses()) {
    if (addresses.contains(address)) continue;
    Host host;
    host.key = key_of_address(address);
    host.name = host.address = address;
    host.since = started_;
    shown.push_back(show(host, book_));
  }
  return json_array(shown);
}

/// Those who signed in with a token that is void now; agents come back and are told why not.
void Desk::end_connections_of(std::string_view name) {
  for (const auto& [session, who] : operators_)
    if (!who.local && who.name == name) who.outlet->close();
  for (const auto& [key, host] : book_.hosts())
    if (host.has_agent() && (host.name == name || to_text(host.machine) == name))
      for (const SessionId session : book_.sessions_of(key))
        if (const auto found = outlets_.find(session); found != outlets_.end())
          found->second->close();
}

std::string Desk::show_order(const Order& order) const {
  if (const Host* const host = book_.find_host(order.host)) return show(order, *host);
  Host gone;
  gone.key = order.host;
  gone.name = order.host.substr(2);
  return show(order, gone);
}

void Desk::answer_pending() {
  for (const Pending& each : std::exchange(pending_, {})) {
    if (each.plan) {
      each.outlet->post(text_message,
                        cli::success(each.request).add_raw("plan", plans_.show(book_)).str());
      continue;
    }
    std::vector<std::string> shown;
    for (const OrderId id : each.orders)
      if (const Order* const order = book_.find_order(id)) shown.push_back(show_order(*order));
    each.outlet->post(text_message,
                      cli::success(each.request).add_raw("orders", json_array(shown)).str());
  }
}

void Desk::tell_operators(const Changes& changes) {
  const bool anybody = std::any_of(operators_.begin(), operators_.end(),
                                   [](const auto& each) { return each.second.watches; });
  if (!anybody) return;
  std::string news;
  const auto add = [&](const char* event, const std::string& shown) {
    wire::append_websocket(news, wire::WebSocketOp::text,
                           JsonObject{}.add("event", event).add_raw(event, shown).str());
  };
  // States that it had for a moment are news, too.
  for (const Order& step : changes.steps)
    if (const Order* const order = book_.find_order(step.id); order && order->state != step.state)
      add("order", show_order(step));
  for (const OrderId id : changes.orders)
    if (const Order* const order = book_.find_order(id)) add("order", show_order(*order));
  for (const HostKey& key : changes.hosts)
    if (const Host* const host = book_.find_host(key)) add("host", show(*host, book_));
  // Its hosts are shown by their orders' states.
  if (plan_changed_ || (plans_.is_running() && !changes.orders.empty()))
    add("plan", plans_.show(book_));
  if (news.empty()) return;
  for (const auto& [session, who] : operators_)
    if (who.watches) who.outlet->post(news);
}

}  // namespace netkit::shutdown
