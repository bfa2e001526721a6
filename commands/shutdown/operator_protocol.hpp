// What operators and the server say to each other: JSON text messages over WebSocket, under the
// subprotocol `netkit-operator.1`, for the page, the verbs and whoever scripts it. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "commands/shutdown/book.hpp"
#include "commands/shutdown/plan.hpp"
#include "wire/json.hpp"

namespace netkit::shutdown {

// A request is {"id":N,"do":WORD,...}; `id` comes back in its answer, {"id":N,"ok":true,...} or
// {"id":N,"ok":false,"error":TEXT,"exit":CODE}. Words and their members:
//
// list     ->  hosts
// order        hosts, all, all_matching, delay, expire (seconds), reason, force  ->  orders
// cancel       hosts, all_matching; or running_plan                              ->  orders or plan
// plan         plan (its text), dry_run, reason, force                           ->  plan or steps
// history      limit                                                             ->  orders
// wake         hosts, all_matching                                               ->  hosts
// enrol        operator (a name; absent for an agent's code)                     ->  code or token
//              revoke (an operator's, host's or machine's name)                  ->  revoked
// watch    ->  hosts, orders, plan; from then on {"event":"host"|"order"|"plan",...}
//
// A first message {"token":TOKEN} stands for Authorization: Bearer.

enum class Ask : std::uint8_t { list, order, cancel, plan, history, wake, enrol, watch };

/// The word of a request, "order".
std::string_view to_text(Ask ask);

struct OperatorRequest {
  std::int64_t id = 0;
  Ask ask = Ask::list;
  std::vector<std::string> hosts;
  bool all = false;
  bool all_matching = false;
  bool force = false;
  bool dry_run = false;
  bool cancel_plan = false;
  std::chrono::nanoseconds delay{0};
  std::chrono::nanoseconds expire{0};
  std::string reason;
  std::string plan;
  std::string operator_name;
  std::string revoke;
  std::size_t limit = 100;
};

inline constexpr std::size_t operator_message_size_max = 2 * 1024 * 1024;
inline constexpr std::size_t hosts_per_request_max = 10'000;
inline constexpr std::size_t history_max = 10'000;

/// Errc::malformed, with the member that is wrong.
Result<OperatorRequest> read_request(const wire::Json& message);

/// The order of its host `host`, as one JSON object.
std::string show(const Order& order, const Host& host);
/// One host with its active or last order.
std::string show(const Host& host, const Book& book);

std::string show(const PlanStep& step);

/// "[a,b,c]" of complete JSON values.
std::string json_array(const std::vector<std::string>& values);

}  // namespace netkit::shutdown
