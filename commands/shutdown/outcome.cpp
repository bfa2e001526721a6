// States to exit codes.
#include "commands/shutdown/outcome.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "cli/exit_code.hpp"

namespace netkit::shutdown {
namespace {

/// Hosts named in one message; the lines on stdout have them all.
constexpr std::size_t named_max = 8;

bool is_over(std::string_view state) {
  constexpr std::array<std::string_view, 5> ends{"down", "refused", "timeout", "cancelled",
                                                 "expired"};
  return std::find(ends.begin(), ends.end(), state) != ends.end();
}

std::error_code code_of(std::string_view state) {
  if (state == "refused") return Errc::refused;
  if (state == "timeout") return Errc::timed_out;
  if (state == "expired") return make_error_code(std::errc::host_unreachable);
  return make_error_code(std::errc::operation_canceled);
}

}  // namespace

void Outcome::expect(const wire::Json& order) {
  if (const auto id = order.string("order")) orders_.try_emplace(std::string{*id});
}

bool Outcome::note(const wire::Json& order) {
  const auto found = orders_.find(order.string("order").value_or(""));
  if (found == orders_.end()) return false;
  const std::string_view state = order.string("state").value_or("");
  Seen& seen = found->second;
  if (seen.state == state) return false;
  seen = {std::string{order.string("host").value_or("")}, std::string{state},
          std::string{order.string("why").value_or("")}};
  return true;
}

void Outcome::not_ordered(const std::string& host) {
  orders_["host " + host] = {host, "expired", "no order could be given"};
}

bool Outcome::is_over() const {
  return std::all_of(orders_.begin(), orders_.end(),
                     [](const auto& each) { return shutdown::is_over(each.second.state); });
}

Status Outcome::verdict() const {
  std::error_code worst;
  int worst_exit = 0;
  std::vector<std::string> hosts;
  for (const auto& [id, seen] : orders_) {
    if (seen.state == "down") continue;
    hosts.push_back(escape_for_display(seen.host) + " " + seen.state +
                    (seen.why.empty() ? "" : ": " + escape_for_display(seen.why)));
    const std::error_code code = code_of(seen.state);
    const int exit = cli::exit_code_of(code);
    if (exit > worst_exit) {
      worst_exit = exit;
      worst = code;
    }
  }
  if (hosts.empty()) return ok;
  const std::string count =
      std::to_string(hosts.size()) + " of " + std::to_string(orders_.size()) + " hosts";
  if (hosts.size() > named_max) hosts.resize(named_max);
  return Error{worst, orders_.size() == 1 ? "turn the host off" : "turn off " + count,
               join(hosts, "; ")};
}

Error Outcome::too_late() const {
  std::vector<std::string> hosts;
  for (const auto& [id, seen] : orders_)
    if (!shutdown::is_over(seen.state) && hosts.size() < named_max)
      hosts.push_back(escape_for_display(seen.host) + " is " + seen.state);
  return {Errc::timed_out, "wait for the end of the orders",
          join(hosts, "; ") + "; they stand, see: netkit shutdown-server list"};
}

}  // namespace netkit::shutdown
