// Handshakes, and the three kinds of conversation.
#include "commands/shutdown/session.hpp"

#include <algorithm>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "access/credential.hpp"
#include "base/text.hpp"
#include "commands/shutdown/page.hpp"
#include "net/spawn.hpp"
#include "net/worker.hpp"

namespace netkit::shutdown {
namespace {

using net::Connection;
using net::Flow;
using wire::WebSocketOp;

/// Calls that one connection may have waiting at the desk; more is no conversation but a flood.
constexpr int waiting_max = 256;

/// One connection's way to the desk.
class Line {
 public:
  explicit Line(Desk& desk) : desk_{desk} {}

  /// Runs `task` on the desk's thread, in order. False: too many wait already.
  template <typename Task>
  bool post(Task task) {
    if (waiting_->fetch_add(1) >= waiting_max) return false;
    asio::post(desk_.main(), [waiting = waiting_, task = std::move(task)]() mutable {
      waiting->fetch_sub(1);
      task();
    });
    return true;
  }

 private:
  Desk& desk_;
  std::shared_ptr<std::atomic<int>> waiting_ = std::make_shared<std::atomic<int>>(0);
};

/// What may wait for an operator that reads slowly: news of ten thousand hosts at once.
constexpr std::size_t operator_waiting_max = 64 * 1024 * 1024;

}  // namespace

bool Sessions::is_admin(Connection& connection) const {
  return connection.scheme() == net::Scheme::unix_ &&
         connection.stream().local_path() == admin_path_;
}

Result<std::string_view> Sessions::judge(Connection& connection, const wire::HttpRequest& request,
                                         const wire::UpgradeRequest& upgrade,
                                         Handshake& handshake) const {
  const auto offers = [&](std::string_view subprotocol) {
    return std::find(upgrade.subprotocols.begin(), upgrade.subprotocols.end(), subprotocol) !=
           upgrade.subprotocols.end();
  };
  const bool agent = offers(agent_subprotocol);
  handshake.token = access::bearer_of(request);
  // Whoever asks for nothing of ours has no rights, and may come from any page.
  if (!agent && !offers(operator_subprotocol)) {
    if (is_admin(connection))
      return Error{Errc::refused, "serve a plain client on the admin socket"};
    return std::string_view{};
  }
  const bool from_page = request.fields.find("Origin").has_value();
  if (from_page && (!net::is_same_origin(request) || !net::is_own_host(request.host(), names_)))
    return Error{Errc::refused, "take orders from a page of another host",
                 "if it is this one, name it: --page-host " + escape_for_display(request.host())};
  handshake.kind = agent ? Kind::agent : Kind::operator_;
  handshake.exposed = access::is_exposed(connection);
  if (handshake.exposed && (!agent || !handshake.token.empty()))
    return Error{Errc::refused, "take a token in clear", "connect by wss://"};
  return agent ? agent_subprotocol : operator_subprotocol;
}

asio::awaitable<Status> Sessions::serve(Connection& connection) {
  const auto answer = [](const wire::HttpRequest& request, std::string& out) {
    net::answer_with_page(request, page(), out);
  };
  Handshake handshake;
  const auto judge = [&](const wire::HttpRequest& request, const wire::UpgradeRequest& upgrade) {
    return this->judge(connection, request, upgrade, handshake);
  };
  const Result<bool> upgraded = co_await net::upgrade_to_websocket(connection, answer, judge);
  if (!upgraded) co_return upgraded.error();
  if (!*upgraded) co_return ok;
  // Whoever is to introduce itself or to sign in does so within the limit of a handshake.
  switch (handshake.kind) {
    case Kind::plain:
      if (desk_.settings().guard)
        co_return co_await serve_known_plain(connection, std::move(handshake.token));
      co_return co_await serve_plain(connection);
    case Kind::agent: co_return co_await serve_agent(connection, std::move(handshake));
    case Kind::operator_: break;
  }
  co_return co_await serve_operator(connection, std::move(handshake.token));
}

asio::awaitable<Status> Sessions::serve_known_plain(Connection& connection, std::string token) {
  access::Wish wish;
  wish.scope = scope::client;
  wish.address = connection.peer().address;
  const auto visit = co_await access::let_in(connection, *desk_.settings().guard,
                                             access::Showing::websocket, wish, std::move(token));
  if (!visit) co_return visit.error();
  co_return co_await serve_plain(connection);
}

asio::awaitable<Status> Sessions::serve_plain(Connection& connection) {
  connection.touch();
  const SessionId session = ++last_session_;
  const std::string address = connection.peer().address;
  const net::OutletGuard outlet{connection};
  // What an order has to say comes first, then the client's own address, then its echoes.
  auto greeted = std::make_shared<asio::steady_timer>(connection.worker().io(),
                                                      asio::steady_timer::time_point::max());
  asio::post(desk_.main(), [&desk = desk_, session, address, to = outlet.get(), greeted] {
    desk.plain_arrives(session, address, to, [to, address, greeted] {
      to->post(WebSocketOp::text, address);
      to->run([greeted](Connection&) { greeted->cancel(); });
    });
  });
  std::error_code cancelled;
  co_await greeted->async_wait(net::into(cancelled));
  greeted.reset();

  const auto echo = [&](WebSocketOp op, std::string_view body, std::string& out) -> Result<Flow> {
    connection.worker().log().info("message", {{"address", address}, {"text", body}});
    constexpr std::string_view prefix = "Echo: ";
    wire::append_websocket_header(out, op, prefix.size() + body.size());
    out.append(prefix);
    connection.append_body(body);
    return Flow::go_on;
  };
  const Status ended = co_await net::pump_websocket(connection, message_size_max_, echo);
  const bool said_goodbye = ended && !connection.draining();
  asio::post(desk_.main(),
             [&desk = desk_, session, said_goodbye] { desk.session_ends(session, said_goodbye); });
  co_return ended;
}

asio::awaitable<Status> Sessions::serve_agent(Connection& connection, Handshake handshake) {
  const SessionId session = ++last_session_;
  const net::OutletGuard outlet{connection};
  Line line{desk_};
  bool introduced = false;
  const auto hear = [&](WebSocketOp op, std::string_view body, std::string&) -> Result<Flow> {
    if (op != WebSocketOp::binary) return Error{Errc::unexpected, "take text from an agent"};
    Result<FromAgent> message = decode_from_agent(body);
    if (!message) return message.error();
    const bool is_hello = std::holds_alternative<Hello>(*message);
    if (is_hello == introduced) return Error{Errc::unexpected, "take this message now"};
    bool taken = true;
    if (is_hello) {
      introduced = true;
      connection.limit_silence(2 * desk_.settings().heartbeat);
      Arrival arrival{session,
                      connection.peer().address,
                      std::exchange(handshake.token, {}),
                      handshake.exposed,
                      std::get<Hello>(std::move(*message)),
                      outlet.get()};
      arrival.audience = access::audience_of(connection);
      taken = line.post([&desk = desk_, arrival = std::move(arrival)]() mutable {
        desk.agent_arrives(std::move(arrival));
      });
    } else {
      taken = line.post([&desk = desk_, session, message = std::move(*message)]() mutable {
        desk.agent_reports(session, std::move(message));
      });
    }
    if (!taken) return Error{Errc::busy, "take more reports than can be kept"};
    return Flow::go_on;
  };
  const Status ended = co_await net::pump_websocket(connection, agent_message_size_max, hear);
  if (introduced)
    asio::post(desk_.main(), [&desk = desk_, session] { desk.session_ends(session, false); });
  co_return ended;
}

asio::awaitable<Status> Sessions::serve_operator(Connection& connection, std::string token) {
  const SessionId session = ++last_session_;
  const net::OutletGuard outlet{connection, operator_waiting_max};
  Line line{desk_};
  const bool local = is_admin(connection);
  const auto sign_in = [&](std::string with) {
    connection.touch();
    return line.post([&desk = desk_, session, to = outlet.get(), with = std::move(with), local,
                      address = connection.peer().address,
                      audience = access::audience_of(connection)] {
      desk.operator_signs_in(session, to, local ? std::optional<std::string>{} : with, address,
                             audience);
    });
  };
  bool signed_in = local || !token.empty();
  if (signed_in) sign_in(std::move(token));
  const auto hear = [&](WebSocketOp op, std::string_view body, std::string&) -> Result<Flow> {
    if (op != WebSocketOp::text) return Error{Errc::unexpected, "take binary from an operator"};
    Result<wire::Json> message = wire::Json::parse(body, {.size_max = operator_message_size_max});
    if (!message) return message.error();
    bool taken = true;
    if (const auto given = message->string("token")) {
      if (std::exchange(signed_in, true)) return Error{Errc::unexpected, "sign in twice"};
      taken = sign_in(std::string{*given});
    } else {
      if (!signed_in) return Error{Errc::refused, "obey somebody who has not signed in"};
      taken = line.post([&desk = desk_, session, message = std::move(*message)] {
        desk.operator_says(session, message);
      });
    }
    if (!taken) return Error{Errc::busy, "take more requests than can be kept"};
    return Flow::go_on;
  };
  const Status ended = co_await net::pump_websocket(connection, operator_message_size_max, hear);
  asio::post(desk_.main(), [&desk = desk_, session] { desk.operator_ends(session); });
  co_return ended;
}

}  // namespace netkit::shutdown
