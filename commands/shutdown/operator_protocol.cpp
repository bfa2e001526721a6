// Requests read strictly, records shown.
#include "commands/shutdown/operator_protocol.hpp"

#include <array>
#include <cmath>

#include "base/text.hpp"
#include "base/units.hpp"
#include "base/utf8.hpp"
#include "commands/shutdown/plan.hpp"

namespace netkit::shutdown {
namespace {

constexpr std::array<std::pair<std::string_view, Ask>, 8> words{{
    {"list", Ask::list},
    {"order", Ask::order},
    {"cancel", Ask::cancel},
    {"plan", Ask::plan},
    {"history", Ask::history},
    {"wake", Ask::wake},
    {"enrol", Ask::enrol},
    {"watch", Ask::watch},
}};

/// A century: longer than any order, short enough for every clock.
constexpr double seconds_max = 100.0 * 365 * 24 * 3600;

Error wrong(std::string_view member) {
  return {Errc::malformed, "read \"" + std::string{member} + "\" of the request"};
}

Status read_text(const wire::Json& message, std::string_view key, std::size_t size_max,
                 std::string& to) {
  const wire::Json* const found = message.find(key);
  if (!found || found->is_null()) return ok;
  const auto text = found->string();
  if (!text || text->size() > size_max) return wrong(key);
  to = *text;
  return ok;
}

Status read_flag(const wire::Json& message, std::string_view key, bool& to) {
  const wire::Json* const found = message.find(key);
  if (!found || found->is_null()) return ok;
  const auto flag = found->boolean();
  if (!flag) return wrong(key);
  to = *flag;
  return ok;
}

Status read_seconds(const wire::Json& message, std::string_view key, std::chrono::nanoseconds& to) {
  const wire::Json* const found = message.find(key);
  if (!found || found->is_null()) return ok;
  const auto number = found->number();
  if (!number || !(*number >= 0) || *number > seconds_max) return wrong(key);
  to = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>{*number});
  return ok;
}

Status read_hosts(const wire::Json& message, std::vector<std::string>& to) {
  const wire::Json* const found = message.find("hosts");
  if (!found || found->is_null()) return ok;
  if (!found->is_array() || found->items().size() > hosts_per_request_max) return wrong("hosts");
  for (const wire::Json& each : found->items()) {
    const auto text = each.string();
    if (!text || text->empty() || text->size() > host_name_size_max) return wrong("hosts");
    to.emplace_back(*text);
  }
  return ok;
}

/// Of what strangers say of themselves, in lists of thousands.
constexpr std::size_t shown_size_max = 200;

void add_time(JsonObject& to, std::string_view key, const std::optional<Time>& time) {
  if (time)
    to.add(key, to_rfc3339(*time));
  else
    to.add_raw(key, "null");
}

}  // namespace

std::string_view to_text(Ask ask) {
  for (const auto& [word, meaning] : words)
    if (meaning == ask) return word;
  return {};
}

Result<OperatorRequest> read_request(const wire::Json& message) {
  if (!message.is_object()) return Error{Errc::malformed, "read the request", "not an object"};
  OperatorRequest request;
  const auto id = message.integer("id");
  if (!id) return wrong("id");
  request.id = *id;
  const auto word = message.string("do");
  bool known = false;
  for (const auto& [name, ask] : words)
    if (word == name) {
      request.ask = ask;
      known = true;
    }
  if (!known) return wrong("do");
  const Status parts[] = {
      read_hosts(message, request.hosts),
      read_flag(message, "all", request.all),
      read_flag(message, "all_matching", request.all_matching),
      read_flag(message, "force", request.force),
      read_flag(message, "dry_run", request.dry_run),
      read_flag(message, "running_plan", request.cancel_plan),
      read_seconds(message, "delay", request.delay),
      read_seconds(message, "expire", request.expire),
      read_text(message, "reason", text_size_max, request.reason),
      read_text(message, "plan", plan_size_max, request.plan),
      read_text(message, "operator", host_name_size_max, request.operator_name),
      read_text(message, "revoke", host_name_size_max, request.revoke),
  };
  for (const Status& part : parts)
    if (!part) return part.error();
  if (const wire::Json* const limit = message.find("limit"); limit && !limit->is_null()) {
    const auto number = limit->integer();
    if (!number || *number < 0) return wrong("limit");
    request.limit = std::min(static_cast<std::size_t>(*number), history_max);
  }
  return request;
}

std::string show(const Order& order, const Host& host) {
  JsonObject object;
  object.add("order", to_text(order.id))
      .add("host", host.name)
      .add("machine", host.has_agent() ? to_text(host.machine) : "")
      .add("address", host.address)
      .add("state", to_text(order.state))
      .add("why", order.why)
      .add("issuer", order.issuer)
      .add("reason", order.reason)
      .add("force", order.force)
      .add("cancelling", order.cancel_wanted && order.active())
      .add("plan", order.plan == 0 ? "" : to_text(order.plan));
  add_time(object, "ordered", order.ordered);
  add_time(object, "due", order.due);
  add_time(object, "expires", order.expires);
  add_time(object, "changed", order.changed);
  return object.str();
}

std::string show(const Host& host, const Book& book) {
  const Order* const order = book.order_of(host.key);
  std::vector<std::string> addresses;
  for (const HardwareAddress& each : host.hardware_addresses)
    addresses.push_back('"' + to_text(each) + '"');
  const bool listed = !host.has_agent() && !host.last_seen;
  JsonObject object;
  object.add("name", host.name)
      .add("machine", host.has_agent() ? to_text(host.machine) : "")
      .add("address", host.address)
      .add("kind", host.has_agent() ? "agent"
                   : listed         ? "listed"
                                    : "plain")
      .add("state", book.state_of(host))
      .add("connected", book.is_connected(host.key));
  add_time(object, "since", host.since);
  add_time(object, "last_seen", host.last_seen);
  object.add("boot", host.has_agent() ? to_text(host.boot) : "")
      .add("enrolled", host.enrolled)
      .add("dry_run", host.dry_run)
      .add("exec", utf8_prefix(host.exec, shown_size_max))
      .add("version", utf8_prefix(host.version, shown_size_max))
      .add_raw("macs", json_array(addresses))
      .add_raw("order", order ? show(*order, host) : "null");
  return object.str();
}

std::string show(const PlanStep& step) {
  std::vector<std::string> after;
  for (const std::string& each : step.after)
    append_json_string(after.emplace_back(), each);
  JsonObject object;
  object.add("stage", step.stage)
      .add("host", step.host)
      .add("when", step.when)
      .add("after_count", step.after_count)
      .add_raw("after", json_array(after));
  return object.str();
}

std::string json_array(const std::vector<std::string>& values) {
  return "[" + join(values, ",") + "]";
}

}  // namespace netkit::shutdown
