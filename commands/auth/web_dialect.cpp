// The page, and requests as WebSocket messages from it and from whatever else speaks JSON.
#include "access/credential.hpp"
#include "base/text.hpp"
#include "commands/auth/conversation.hpp"
#include "commands/auth/page.hpp"
#include "commands/auth/reception.hpp"
#include "net/outlet.hpp"
#include "net/websocket.hpp"
#include "net/worker.hpp"

namespace netkit::auth {
namespace {

using net::Flow;
using wire::WebSocketOp;

constexpr std::size_t waiting_size_max = 4 * 1024 * 1024;

/// A stranger's page is not to try passwords from inside its visitors' networks.
Status judge_page(const wire::HttpRequest& request, const std::vector<std::string>& names) {
  if (!request.fields.find("Origin")) return ok;
  if (net::is_same_origin(request) && net::is_own_host(request.host(), names)) return ok;
  return Error{Errc::refused, "take requests from a page of another host",
               "if it is this one, name it: --page-host " + escape_for_display(request.host())};
}

Conversation::Say say_by(std::shared_ptr<net::Outlet> outlet) {
  return [outlet = std::move(outlet)](std::uint32_t, std::string_view answer) {
    std::string bytes;
    wire::append_websocket(bytes, WebSocketOp::text, answer);
    const auto kept = std::make_shared<const identity::Secret>(std::move(bytes));
    outlet->run([kept](net::Connection& connection) {
      if (!connection.post(kept->view(), waiting_size_max)) connection.stream().abort();
    });
  };
}

}  // namespace

asio::awaitable<Status> Reception::serve_web(net::Connection& connection) {
  const auto answer = [](const wire::HttpRequest& request, std::string& out) {
    net::answer_with_page(request, page(), out);
  };
  identity::Secret token;
  const auto judge = [&](const wire::HttpRequest& request,
                         const wire::UpgradeRequest&) -> Result<std::string_view> {
    if (Status allowed = judge_page(request, names_); !allowed) return allowed.error();
    token = identity::Secret{access::bearer_of(request)};
    return std::string_view{};
  };
  const Result<bool> upgraded = co_await net::upgrade_to_websocket(connection, answer, judge);
  if (!upgraded) co_return upgraded.error();
  if (!*upgraded) co_return ok;
  connection.touch();
  const net::OutletGuard outlet{connection, waiting_size_max};
  const auto talk =
      std::make_shared<Conversation>(office_, caller_of(connection),
                                     connection.worker().io().get_executor(), say_by(outlet.get()));
  // However this coroutine ends.
  const std::shared_ptr<void> dropping{nullptr, [&talk](void*) { talk->drop(); }};
  if (!token.empty()) talk->sign_in(std::move(token));
  const auto hear = [&](WebSocketOp op, std::string_view body, std::string&) -> Result<Flow> {
    if (op != WebSocketOp::text) return Error{Errc::unexpected, "take a binary message"};
    if (Status taken = talk->hear(0, body); !taken) return taken.error();
    return Flow::go_on;
  };
  const Status ended = co_await net::pump_websocket(connection, message_size_max_, hear);
  if (ended && connection.draining()) co_await talk->finish();
  co_return ended;
}

}  // namespace netkit::auth
