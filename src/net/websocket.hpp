// WebSocket over a stream: the way from an HTTP request to messages on a server, and a client.
// Framing and handshake rules are in wire/.
#pragma once

#include <array>
#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/connection.hpp"
#include "net/message_reader.hpp"
#include "wire/websocket.hpp"
#include "wire/websocket_handshake.hpp"

namespace netkit::net {

/// Appends the whole answer to a plain HTTP request. The connection closes after it unless the
/// answer says keep-alive, which is only right for requests without a body.
using AnswerHttp = std::function<void(const wire::HttpRequest& request, std::string& out)>;

/// Decides about a valid handshake: the subprotocol to speak, one of those offered or "" for none.
/// An error ends the connection.
using JudgeUpgrade = std::function<Result<std::string_view>(const wire::HttpRequest& request,
                                                            const wire::UpgradeRequest& upgrade)>;

/// Answers HTTP requests until one of them asks for WebSocket and `judge` grants it: true. Without
/// `judge` all are granted, with no subprotocol. False when the connection ended as HTTP. A request
/// that is malformed, or a handshake that is, is answered with its status and returned as an error;
/// what `judge` refuses is answered with 403.
asio::awaitable<Result<bool>> upgrade_to_websocket(Connection& connection,
                                                   const AnswerHttp& answer_http,
                                                   const JudgeUpgrade& judge = nullptr);

/// True if the page that opened this WebSocket was served by the host it connects to, or if no page
/// did (RFC 6454; a browser always says Origin). For services that give rights.
bool is_same_origin(const wire::HttpRequest& request);

/// True if Host names this connection's own end: an address, localhost, or one of `names`. A page
/// elsewhere whose name was rebound to our address is told apart by this.
bool is_own_host(std::string_view host, std::span<const std::string> names);

/// Answers with a page: GET and HEAD of "/" get `html`, other paths 404, other methods 405. The
/// page may load nothing from elsewhere (Content-Security-Policy).
void answer_with_page(const wire::HttpRequest& request, std::string_view html, std::string& out);

/// Serves messages until the peer closes. `handle(op, body, out)` gets text and binary messages and
/// appends frames to `out`; pings, pongs and closes are dealt with here. An error from the peer's
/// bytes is answered by a close frame with its code, unless a frame of ours was cut short.
/// Errc::closed if the peer went without one.
template <typename Handle>
asio::awaitable<Status> pump_websocket(Connection& connection, std::size_t message_size_max,
                                       Handle handle, std::size_t chunk_size_max = read_size_max);

/// What a client asks for in its handshake. No aggregate: gcc 12 destroys a braced temporary of
/// one twice when it is an argument of a co_await.
struct UpgradeWish {
  explicit UpgradeWish(std::string to, std::string target = {})
      : host{std::move(to)}, path{std::move(target)} {}

  std::string host;                            ///< What the Host field says.
  std::string path;                            ///< "" for "/".
  std::vector<std::string_view> subprotocols;  ///< The server must choose one if there are any.
  std::string token;                           ///< For Authorization: Bearer; empty: none.
};

/// The client's side, after connect(). Not to be moved while an operation is in progress.
class WebSocketClient {
 public:
  /// Asks for the upgrade; within `stream`'s deadline.
  static asio::awaitable<Result<WebSocketClient>> open(Stream stream, UpgradeWish wish,
                                                       std::size_t message_size_max);

  /// May go on while receive() waits. Called while another send() is in progress, it leaves the
  /// message to that one; Errc::busy if too much waits so.
  asio::awaitable<Status> send(wire::WebSocketOp op, std::string_view body);
  /// Asks for a sign of life.
  asio::awaitable<Status> ping() { return send(wire::WebSocketOp::ping, {}); }
  /// From now on, receive() ends with Errc::timed_out when the server was silent for `limit`; pongs
  /// are a sign of life.
  void limit_silence(std::chrono::nanoseconds limit);
  /// The next text or binary message; the view holds until the next call. Pings are answered.
  /// Errc::closed once the server has closed.
  asio::awaitable<Result<wire::WebSocketMessage>> receive();
  /// Sends a close frame, then ends the stream.
  asio::awaitable<void> close();
  Stream& stream() { return stream_; }

 private:
  using Reader = MessageReader<wire::WebSocketDecoder>;
  WebSocketClient(Stream stream, std::size_t message_size_max);

  Stream stream_;
  std::unique_ptr<Reader> reader_;
  std::string out_;                            // What is being written.
  std::string queued_;                         // What is to be written next.
  std::chrono::nanoseconds silence_limit_{0};  // Zero: none.
  bool sending_ = false;
  std::optional<std::string> pong_due_;  // A ping came while a message was being sent.
};

template <typename Handle>
asio::awaitable<Status> pump_websocket(Connection& connection, std::size_t message_size_max,
                                       Handle handle, std::size_t chunk_size_max) {
  wire::WebSocketDecoder decoder{wire::WebSocketRole::server, message_size_max};
  bool peer_closed = false;
  bool finished = false;
  const auto dispatch = [&handle, &peer_closed, &finished](const wire::WebSocketMessage& message,
                                                           std::string& out) -> Result<Flow> {
    switch (message.op) {
      case wire::WebSocketOp::ping:
        wire::append_websocket(out, wire::WebSocketOp::pong, message.body);
        return Flow::go_on;
      case wire::WebSocketOp::pong: return Flow::go_on;
      case wire::WebSocketOp::close:
        peer_closed = true;
        // The code is echoed (RFC 6455, 5.5.1).
        wire::append_websocket_close(out, wire::websocket_close(message.body).code, {});
        return Flow::finish;
      default: break;
    }
    Result<Flow> flow = handle(message.op, message.body, out);
    finished = flow && *flow == Flow::finish;
    return flow;
  };
  Status ended = co_await pump(connection, decoder, dispatch, chunk_size_max);
  std::string out;
  if (!ended && ended.error().code.category() == category())
    wire::append_websocket_close(out, wire::close_code(ended.error().code), {});
  else if (ended && connection.draining() && !peer_closed)
    wire::append_websocket_close(out, wire::close_code(Errc::stopped), {});
  if (!out.empty() && !connection.is_cut())
    static_cast<void>(co_await connection.send(out));  // The first error is the one to report.
  // A stream that just ended is no goodbye (RFC 6455, 7.1.5: 1006).
  if (ended && !peer_closed && !finished && !connection.draining()) co_return Errc::closed;
  co_return ended;
}

}  // namespace netkit::net
