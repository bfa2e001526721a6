// The other end of operators.hpp: what the verbs of relay talk to a running one with, by its admin
// socket, or for measures against clients by an endpoint and a token.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "cli/client.hpp"
#include "commands/relay/link_carrier.hpp"
#include "wire/json.hpp"

namespace netkit::relay {

struct OperatorOptions {
  cli::ClientOptions client;  ///< Its endpoint is an option here: --server.
  std::optional<std::string> state;
};

/// `afar`: it can be asked with a token, too.
void declare_operator(cli::Options& options, OperatorOptions& operator_options, bool afar);

class OperatorClient {
 public:
  /// Connects and signs in, within --timeout, with --retry.
  static asio::awaitable<Result<std::unique_ptr<OperatorClient>>> open(
      const cli::Context& context, const OperatorOptions& options);
  /// The same on a stream that is connected, within `limit`; an empty token shows none.
  static asio::awaitable<Result<std::unique_ptr<OperatorClient>>> begin(net::Stream stream,
                                                                        Duration limit,
                                                                        const std::string& token);

  /// Sends `request` and waits for its answer. One that says no is an Error with the relay's words
  /// and code.
  asio::awaitable<Result<wire::Json>> ask(std::string_view word, JsonObject request);
  asio::awaitable<void> close();

 private:
  OperatorClient(net::Stream stream, Duration answer_limit)
      : stream_{std::move(stream)},
        carrier_{carry_plainly(stream_, {})},
        answer_limit_{answer_limit} {}

  asio::awaitable<Status> greet(const std::string& token);

  net::Stream stream_;
  std::unique_ptr<LinkCarrier> carrier_;
  const Duration answer_limit_;
  std::uint32_t last_id_ = 0;
};

/// Runs `talk` with a client that is let in, and ends the connection after it.
Status with_operator(cli::Context& context, const OperatorOptions& options,
                     std::function<asio::awaitable<Status>(OperatorClient& client)> talk);

}  // namespace netkit::relay
