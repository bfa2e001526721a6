// WebSocket: the page and programs that ask as it does, in JSON; plain clients, who send text as
// people with nc do and get one JSON object a message; links, which go on elsewhere.
#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/remote_error.hpp"
#include "commands/relay/converse.hpp"
#include "commands/relay/page.hpp"
#include "net/websocket.hpp"
#include "net/worker.hpp"

namespace netkit::relay {
namespace {

using net::Flow;
using wire::WebSocketOp;

constexpr std::string_view page_offer = "netkit.chat";
constexpr std::string_view link_offer = "netkit.link";

enum class Kind : std::uint8_t { plain, page, link };

/// Who came, and what it may do.
struct Caller {
  Kind kind = Kind::plain;
  bool foreign = false;  ///< A page of another host.
  std::string token;
};

Result<std::string_view> judge(const wire::HttpRequest& request,
                               const wire::UpgradeRequest& upgrade,
                               const std::vector<std::string>& names, Caller& caller) {
  const auto offers = [&](std::string_view offer) {
    return std::ranges::find(upgrade.subprotocols, offer) != upgrade.subprotocols.end();
  };
  caller.token = access::bearer_of(request);
  caller.foreign = request.fields.find("Origin") &&
                   !(net::is_same_origin(request) && net::is_own_host(request.host(), names));
  if (!offers(page_offer) && !offers(link_offer)) return std::string_view{};
  // A stranger's page is not to talk as whoever looks at it.
  if (caller.foreign)
    return Error{Errc::refused, "talk with a page of another host",
                 "if it is this one, name it: --page-host " + escape_for_display(request.host())};
  caller.kind = offers(page_offer) ? Kind::page : Kind::link;
  return caller.kind == Kind::page ? page_offer : link_offer;
}

/// One client's messages.
class WebTalk final : public net::Resident {
 public:
  WebTalk(Hub& hub, net::Connection& connection, Kind kind, std::unique_ptr<access::Visit> visit)
      : connection_{connection},
        visit_{std::move(visit)},
        decoder_{wire::WebSocketRole::server, web_message_size_max(hub.settings().text_size_max)},
        session_{hub, connection, Lane::web},
        kind_{kind} {}

  Session& session() { return session_; }
  const std::unique_ptr<access::Visit>& visit() const { return visit_; }
  Result<Next> go_on(After after) override;
  asio::awaitable<void> rest() override {
    pausing_.stays = co_await relay::rest(connection_, session_);
  }
  void finish(const Status& ended) override;

 private:
  Result<Flow> hear(const wire::WebSocketMessage& message);
  Result<Flow> hear_text(std::string_view text);
  Result<Flow> hear_plain(std::string_view text);
  Status hear_request(std::string_view text);
  Status say(const wire::Json& json, bool direct);
  void answer(std::string_view json);

  net::Connection& connection_;
  const std::unique_ptr<access::Visit> visit_;
  wire::WebSocketDecoder decoder_;
  Session session_;
  const Kind kind_;
  bool closed_ = false;  // A close frame is on its way.
  Pausing pausing_;
};

Result<net::Resident::Next> WebTalk::go_on(After after) {
  const auto hear_it = [this](const wire::WebSocketMessage& message, std::string&) {
    return hear(message);
  };
  return converse(connection_, session_, decoder_, hear_it, after, pausing_);
}

void WebTalk::answer(std::string_view json) {
  if (json.empty()) return;
  std::string bytes;
  tongue_of(Lane::web).append_answer(bytes, 0, json);
  session_.answer(bytes);
}

Result<Flow> WebTalk::hear(const wire::WebSocketMessage& message) {
  std::string bytes;
  switch (message.op) {
    case WebSocketOp::text: return hear_text(message.body);
    case WebSocketOp::ping:
      wire::append_websocket(bytes, WebSocketOp::pong, message.body);
      session_.answer(bytes);
      return Flow::go_on;
    case WebSocketOp::close:
      // The code is echoed (RFC 6455, 5.5.1).
      wire::append_websocket_close(bytes, wire::websocket_close(message.body).code, {});
      session_.answer(bytes);
      closed_ = true;
      return Flow::finish;
    case WebSocketOp::pong: return Flow::go_on;
    default: return Error{Errc::unexpected, "take a binary message"};
  }
}

Result<Flow> WebTalk::hear_text(std::string_view text) {
  // A token shown where none is asked for is not to be said aloud.
  if (text.starts_with('{') && !access::token_of_json(text).empty()) return Flow::go_on;
  if (kind_ == Kind::plain) return hear_plain(text);
  if (Status heard = hear_request(text); !heard) return heard.error();
  return session_.ended() ? Flow::finish : Flow::go_on;
}

Result<Flow> WebTalk::hear_plain(std::string_view text) {
  const Result<bool> stays = session_.hear_line(text);
  if (!stays) tell_failure(session_, stays.error());
  return session_.ended() || (stays && !*stays) ? Flow::finish : Flow::go_on;
}

Status WebTalk::hear_request(std::string_view text) {
  const Result<wire::Json> json = wire::Json::parse(text, {.size_max = SIZE_MAX, .depth_max = 8});
  if (!json) return json.error();
  const std::string_view word = json->string("do").value_or("");
  if (word == "say" || word == "direct") return say(*json, word == "direct");
  const std::int64_t id = json->integer("id").value_or(0);
  if (word == "ping") {
    answer(cli::success(id).str());
    return ok;
  }
  const Result<Request> request = read_request(*json);
  answer(request ? session_.ask(*request, id) : cli::show_failure(id, request.error()));
  return ok;
}

Status WebTalk::say(const wire::Json& json, bool direct) {
  if (!session_.entered()) return Error{Errc::unexpected, "take a message before \"enter\""};
  const std::int64_t number = json.integer("number").value_or(0);
  const auto text = json.string("text");
  const auto whom = json.string(direct ? "to" : "room");
  if (number < 1 || !text || !whom) return Error{Errc::malformed, "take a message without fields"};
  const auto counted = static_cast<std::uint64_t>(number);
  const Status said =
      direct ? session_.direct(counted, *whom, *text) : session_.say(counted, *whom, *text);
  if (!said) answer(show_unsaid(counted, said.error()));
  return ok;
}

void WebTalk::finish(const Status& ended) {
  std::string bytes;
  if (!ended && ended.error().code.category() == category())
    wire::append_websocket_close(bytes, wire::close_code(ended.error().code), {});
  else if (ended && !closed_)
    wire::append_websocket_close(
        bytes, connection_.draining() ? wire::close_code(Errc::stopped) : 1000, {});
  if (!bytes.empty()) session_.answer(bytes);
}

}  // namespace

std::size_t web_message_size_max(std::size_t text_size) {
  // JSON may spell each byte of a text in six; a client that resumes names many logs.
  constexpr std::size_t resume_size_max = 256 * 1024;
  return std::max(6 * text_size + 1024, resume_size_max);
}

void tell_failure(Session& session, const Error& failure) {
  const std::string words = failure.message();
  Event notice;
  notice.time_ms = Hub::now().wall_ms;
  notice.text = words;
  session.tell(notice);
}

asio::awaitable<Status> Service::serve_web(net::Connection& connection) {
  if (is_admin(connection)) co_return Error{Errc::refused, "serve browsers on the admin socket"};
  Caller caller;
  const auto answer_http = [](const wire::HttpRequest& request, std::string& out) {
    net::answer_with_page(request, page(), out);
  };
  const auto judge_it = [&](const wire::HttpRequest& request, const wire::UpgradeRequest& upgrade) {
    return judge(request, upgrade, settings_.page_hosts, caller);
  };
  const Result<bool> upgraded =
      co_await net::upgrade_to_websocket(connection, answer_http, judge_it);
  if (!upgraded) co_return upgraded.error();
  if (!*upgraded) co_return ok;
  if (caller.kind == Kind::link) {
    if (!serve_web_link_) co_return Error{Errc::unexpected, "take links here"};
    co_return co_await serve_web_link_(connection);
  }
  std::unique_ptr<access::Visit> visit;
  if (guard_) {
    Result<std::unique_ptr<access::Visit>> let =
        co_await let_in(connection, access::Showing::websocket, std::move(caller.token));
    if (!let) co_return let.error();
    visit = std::move(*let);
  }
  connection.touch();
  auto talk = std::make_unique<WebTalk>(hub_, connection, caller.kind, std::move(visit));
  Session& session = talk->session();
  if (!caller.foreign)
    sign_in(session, talk->visit());
  else if (talk->visit())
    session.sign_in(talk->visit()->who().user(), false);
  if (caller.kind == Kind::plain)
    if (Status entered = enter_as_text(session); !entered) co_return entered;
  connection.leave_to(std::move(talk));
  co_return ok;
}

}  // namespace netkit::relay
