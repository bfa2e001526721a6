// One limit after the other against one use; the first that stands against it is the answer.
#include <algorithm>

#include "base/text.hpp"
#include "base/units.hpp"
#include "identity/scope.hpp"
#include "identity/ticket.hpp"
#include "identity/ticket_network.hpp"
#include "identity/ticket_path.hpp"

namespace netkit::identity {
namespace {

Error refused(std::string why) {
  return {Errc::refused, "use this ticket", std::move(why)};
}

std::string instant(std::int64_t unix_s) {
  // Years that the calendar's clock cannot hold are shown as the number they are.
  constexpr std::int64_t shown_max = 9'000'000'000;
  if (unix_s > shown_max) return std::to_string(unix_s);
  return to_rfc3339(std::chrono::system_clock::time_point{std::chrono::seconds{unix_s}});
}

Status check_time(const TicketLimits& limits, std::int64_t now_s) {
  if (now_s >= limits.expires_s) return refused("it expired at " + instant(limits.expires_s));
  if (now_s < limits.not_before_s)
    return refused("it is not good before " + instant(limits.not_before_s));
  return ok;
}

Status check_path(const std::string& limit, std::string_view path) {
  if (limit.empty()) return ok;
  const std::string shown = escape_for_display(limit);
  const auto plain = plain_path(path);
  if (!plain)
    return refused("it is good below " + shown + " only, and the path is not a plain one");
  if (!is_within(*plain, limit)) return refused("it is good below " + shown + " only");
  return ok;
}

Status check_address(const std::string& limit, std::string_view address) {
  if (limit.empty()) return ok;
  const auto network = parse_network(limit);
  if (network && contains(*network, address)) return ok;
  return refused("it is good from " + limit + " only");
}

}  // namespace

Status check_limits(const Ticket& ticket, const TicketUse& use) {
  const TicketLimits& limits = ticket.limits;
  if (const auto in_time = check_time(limits, use.now_s); !in_time) return in_time;
  if (!limits.service.empty() && limits.service != use.service)
    return refused("it is good at " + limits.service + " only");
  if (!limits.audience.empty() && limits.audience != use.audience)
    return refused("it is good at the server " + limits.audience + " only");
  if (const auto near = check_address(limits.network, use.address); !near) return near;
  if (!limits.scopes.empty() && !grants(limits.scopes, use.scope))
    return refused("it is good for " + join(limits.scopes, ", ") + " only");
  if (!limits.verbs.empty() && std::ranges::find(limits.verbs, use.verb) == limits.verbs.end())
    return refused("it is good for " + join(limits.verbs, ", ") + " only");
  return check_path(limits.path, use.path);
}

}  // namespace netkit::identity
