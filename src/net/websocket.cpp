// The HTTP part of a WebSocket connection, both sides, and the client's messages.
#include "net/websocket.hpp"

#include <algorithm>
#include <asio/ip/address.hpp>
#include <utility>

#include "base/random.hpp"
#include "base/text.hpp"
#include "net/endpoint.hpp"
#include "net/limits.hpp"

namespace netkit::net {
namespace {

using wire::HttpRequest;

enum class Next { more_requests, websocket, end };

/// One request's answer. A handshake that is not valid is an error that was answered already.
Result<Next> answer_request(const HttpRequest& request, const AnswerHttp& answer_http,
                            const JudgeUpgrade& judge, std::string& out) {
  Result<wire::UpgradeRequest> upgrade = wire::check_upgrade(request);
  if (!upgrade) {
    wire::append_upgrade_refusal(out, upgrade.error());
    return upgrade.error();
  }
  if (upgrade->wanted) {
    const Result<std::string_view> chosen = judge ? judge(request, *upgrade) : std::string_view{};
    if (!chosen) {
      wire::append_response(out, 403, wire::http_reason(403), {}, chosen.error().message() + "\n");
      return chosen.error();
    }
    wire::append_upgrade_response(out, *upgrade, *chosen);
    return Next::websocket;
  }
  answer_http(request, out);
  const bool has_body = request.body.chunked || request.body.content_length.value_or(0) > 0;
  return request.keep_alive() && !has_body ? Next::more_requests : Next::end;
}

void refuse(const Error& error, std::string& out) {
  const int status = wire::http_status(error.code);
  wire::append_response(out, status, wire::http_reason(status), {}, error.code.message() + "\n");
}

std::uint32_t mask_key() {
  return static_cast<std::uint32_t>(random_u64());
}

}  // namespace

asio::awaitable<Result<bool>> upgrade_to_websocket(Connection& connection,
                                                   const AnswerHttp& answer_http,
                                                   const JudgeUpgrade& judge) {
  connection.await_greeting();
  wire::HttpRequestDecoder decoder;
  ReceiveBuffer& received = connection.received();
  for (;;) {
    std::string out;
    Result<Next> next = Next::more_requests;
    auto decoded = decoder.next(received.unread());
    if (!decoded) {
      refuse(decoded.error(), out);
      next = decoded.error();
    } else if (decoded->message) {
      next = answer_request(*decoded->message, answer_http, judge, out);
      connection.introduce(next && *next == Next::websocket ? "ws" : "http");
    }
    if (decoded) received.consume(decoded->used);
    received.keep();
    if (!out.empty())
      if (Status sent = co_await connection.send(out); !sent) co_return sent.error();
    if (!next) co_return next.error();
    if (*next != Next::more_requests) co_return *next == Next::websocket;
    if (decoded->message) connection.await_greeting();  // Each request has the whole limit.
    if (!received.empty() && decoded->used > 0) continue;
    Result<bool> more = co_await connection.receive(http_read_size);
    if (!more) co_return more.error();
    if (!*more) co_return false;
  }
}

bool is_same_origin(const HttpRequest& request) {
  const auto origin = request.fields.find("Origin");
  if (!origin) return true;
  const std::size_t scheme_end = origin->find("://");
  return scheme_end != std::string_view::npos &&
         equal_ignoring_case(origin->substr(scheme_end + 3), request.host());
}

bool is_own_host(std::string_view host, std::span<const std::string> names) {
  const Result<Endpoint> endpoint = parse_endpoint(host);
  if (!endpoint || endpoint->scheme) return false;
  std::error_code no_address;
  asio::ip::make_address(endpoint->host, no_address);
  if (!no_address || is_loopback(*endpoint)) return true;
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return equal_ignoring_case(name, endpoint->host);
  });
}

void answer_with_page(const HttpRequest& request, std::string_view html, std::string& out) {
  using wire::HttpField;
  const auto keep =
      request.keep_alive() && request.body.content_length.value_or(0) == 0 && !request.body.chunked
          ? wire::HttpConnection::keep_alive
          : wire::HttpConnection::close;
  const bool head = request.method == "HEAD";
  if (!head && request.method != "GET") {
    const HttpField allow[] = {{"Allow", "GET, HEAD"}};
    wire::append_response(out, 405, wire::http_reason(405), allow, "only GET and HEAD\n", keep);
    return;
  }
  const std::string_view path = request.path().substr(0, request.path().find('?'));
  if (path != "/") {
    wire::append_response(out, 404, wire::http_reason(404), {}, head ? "" : "no such page\n", keep);
    return;
  }
  const HttpField fields[] = {
      {"Content-Type", "text/html; charset=utf-8"},
      {"Cache-Control", "no-cache"},
      {"X-Content-Type-Options", "nosniff"},
      {"Content-Security-Policy",
       "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
       "connect-src 'self' ws: wss:; img-src data:; frame-ancestors 'none'; base-uri 'none'"},
  };
  if (head)
    wire::append_response_head(out, 200, wire::http_reason(200), fields, html.size(), keep);
  else
    wire::append_response(out, 200, wire::http_reason(200), fields, html, keep);
}

WebSocketClient::WebSocketClient(Stream stream, std::size_t message_size_max)
    : stream_{std::move(stream)},
      reader_{std::make_unique<Reader>(
          wire::WebSocketDecoder{wire::WebSocketRole::client, message_size_max},
          message_size_max + head_size_max)} {}

asio::awaitable<Result<WebSocketClient>> WebSocketClient::open(Stream stream, UpgradeWish wish,
                                                               std::size_t message_size_max) {
  WebSocketClient client{std::move(stream), message_size_max};
  std::array<char, 16> random;
  fill_random(random);
  const std::string key = wire::client_key(random);
  const std::string bearer = "Bearer " + wish.token;
  const wire::HttpField authorization[] = {{"Authorization", bearer}};
  wire::append_upgrade_request(client.out_, wish.host, wish.path.empty() ? "/" : wish.path, key,
                               wish.subprotocols,
                               std::span{authorization}.first(wish.token.empty() ? 0 : 1));
  if (Status sent = co_await client.stream_.write(client.out_); !sent) co_return sent.error();
  client.out_.clear();

  wire::HttpResponseDecoder decoder;
  ReceiveBuffer& received = client.reader_->received();
  for (;;) {
    auto decoded = decoder.next(received.unread());
    if (!decoded) co_return decoded.error();
    if (decoded->message) {
      auto accepted = wire::check_upgrade_response(*decoded->message, key, wish.subprotocols);
      if (!accepted) co_return accepted.error();
      if (accepted->empty() && !wish.subprotocols.empty())
        co_return Error{Errc::unexpected,
                        "speak " + std::string{wish.subprotocols.front()} + " with this server",
                        "it is a WebSocket server of another kind"};
      received.consume(decoded->used);
      co_return std::move(client);
    }
    received.keep();
    Result<std::size_t> count = co_await client.stream_.read_some(received.room());
    if (!count) co_return count.error();
    received.add(*count);
  }
}

asio::awaitable<Status> WebSocketClient::send(wire::WebSocketOp op, std::string_view body) {
  if (queued_.size() > posted_size_max)
    co_return Error{Errc::busy, "send to a server that does not read"};
  wire::append_websocket(queued_, op, body, mask_key());
  if (sending_) co_return ok;  // Whoever is sending sends this as well.
  sending_ = true;
  Status sent = ok;
  while (sent && (pong_due_ || !queued_.empty())) {
    if (pong_due_)
      wire::append_websocket(queued_, wire::WebSocketOp::pong,
                             *std::exchange(pong_due_, std::nullopt), mask_key());
    out_.clear();
    out_.swap(queued_);
    sent = co_await stream_.write(out_);
  }
  sending_ = false;
  co_return sent;
}

asio::awaitable<Result<wire::WebSocketMessage>> WebSocketClient::receive() {
  for (;;) {
    auto message = co_await reader_->next(stream_);
    if (!message) co_return message.error();
    if (silence_limit_.count() > 0) stream_.expire_in(silence_limit_);
    if (message->op == wire::WebSocketOp::close) co_return Errc::closed;
    if (message->op == wire::WebSocketOp::ping && sending_) {
      pong_due_ = message->body;  // Between frames only: the one under way comes first.
    } else if (message->op == wire::WebSocketOp::ping) {
      Status sent = co_await send(wire::WebSocketOp::pong, message->body);
      if (!sent) co_return sent.error();
    }
    if (message->op == wire::WebSocketOp::text || message->op == wire::WebSocketOp::binary)
      co_return std::move(*message);
  }
}

void WebSocketClient::limit_silence(std::chrono::nanoseconds limit) {
  silence_limit_ = limit;
  stream_.expire_in(limit);
}

asio::awaitable<void> WebSocketClient::close() {
  if (!sending_) {
    out_.clear();
    wire::append_websocket_close(out_, 1000, {}, mask_key());
    static_cast<void>(co_await stream_.write(out_));  // The stream ends either way.
  }
  co_await stream_.close();
}

}  // namespace netkit::net
