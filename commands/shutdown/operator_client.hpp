// The other end of the operators' protocol: what the verbs of shutdown-server talk to a running
// server with, over its admin socket or, with a token, from afar.
#pragma once

#include <asio/awaitable.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/client.hpp"
#include "commands/shutdown/operator_protocol.hpp"
#include "net/websocket.hpp"

namespace netkit::shutdown {

struct OperatorOptions {
  cli::ClientOptions client;  ///< Its endpoint is an option here: --server.
  std::optional<std::string> state;
  /// What will be asked: a ticket made of the stored sign-in is good for these alone. Empty: all.
  std::vector<std::string> verbs{};
};

void declare_operator(cli::Options& options, OperatorOptions& operator_options);

class OperatorClient {
 public:
  /// Connects and signs in, within --timeout, with --retry.
  static asio::awaitable<Result<std::unique_ptr<OperatorClient>>> open(
      const cli::Context& context, const OperatorOptions& options);

  /// Sends `request` (its id is added) and waits for its answer. An answer that says no is an
  /// Error with the server's words and code.
  asio::awaitable<Result<wire::Json>> ask(std::string_view word, JsonObject request);
  /// The next event after a `watch`; `limit` zero waits for ever. Errc::timed_out after it.
  asio::awaitable<Result<wire::Json>> next_event(Duration limit);
  asio::awaitable<void> close() { return client_.close(); }

 private:
  OperatorClient(net::WebSocketClient client, Duration answer_limit)
      : client_{std::move(client)}, answer_limit_{answer_limit} {}

  asio::awaitable<Result<wire::Json>> receive();

  net::WebSocketClient client_;
  const Duration answer_limit_;
  std::int64_t last_id_ = 0;
  std::deque<wire::Json> events_;  // Came before the answer that was awaited.
};

/// Runs `talk` with a client that is signed in, and ends the connection after it.
Status with_operator(cli::Context& context, const OperatorOptions& options,
                     std::function<asio::awaitable<Status>(OperatorClient& client)> talk);

}  // namespace netkit::shutdown
