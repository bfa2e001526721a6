// One connection of an agent: from connect to welcome, then messages both ways and heartbeats.
// Knows no orders; the machine does.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/client.hpp"
#include "commands/shutdown/protocol.hpp"
#include "net/websocket.hpp"

namespace netkit::shutdown {

/// Where to connect and how to be known there.
struct LinkPlan {
  net::Endpoint to;
  cli::ClientOptions client;
  std::string token;  ///< Empty: none. Not sent where others could read it.
};

class AgentLink {
 public:
  /// Connects, agrees on WebSocket, says hello and waits for the welcome, each within its limit.
  /// Errc::refused if the server turns us away. `fingerprint` becomes that of the certificate shown
  /// unless an authority vouches for it.
  static asio::awaitable<Result<std::unique_ptr<AgentLink>>> open(const cli::Context& context,
                                                                  const LinkPlan& plan,
                                                                  const Hello& hello,
                                                                  std::string& fingerprint);

  const Welcome& welcome() const { return welcome_; }

  /// Hands over what the server says until the connection ends: Errc::stopped after finish().
  /// Silence for two heartbeats, or anything that is not the protocol, ends it as well.
  asio::awaitable<Status> run(std::chrono::nanoseconds heartbeat,
                              std::function<void(const FromServer&)> take);

  /// Sends it as soon as what came before is out. The order is kept.
  void tell(const FromAgent& message);
  /// Sends what waits, then closes.
  void finish();

 private:
  AgentLink(const asio::any_io_executor& executor, net::WebSocketClient client)
      : client_{std::move(client)}, wake_{executor} {}

  asio::awaitable<Status> greet(const Hello& hello);
  asio::awaitable<Status> read(std::function<void(const FromServer&)> take);
  asio::awaitable<Status> write(std::chrono::nanoseconds heartbeat);
  asio::awaitable<Status> send_waiting();
  void end();

  net::WebSocketClient client_;
  asio::steady_timer wake_;  // Cancelled when there is something to send.
  std::deque<std::string> waiting_;
  Welcome welcome_;
  bool finishing_ = false;
  bool ended_ = false;
  bool aborted_ = false;  // The socket is gone, not only our wish to use it.
};

}  // namespace netkit::shutdown
