// The other end of the requests: what the verbs of auth talk to a running server with, as frames,
// over TLS, loopback or its admin socket.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "cli/client.hpp"
#include "cli/login_store.hpp"
#include "identity/secret.hpp"
#include "net/message_reader.hpp"
#include "wire/frame.hpp"
#include "wire/json.hpp"

namespace netkit::auth {

struct AuthOptions {
  cli::ClientOptions client;
  std::optional<std::string> state;
};

/// What a verb shows to be served, and so where it looks for a server that was not named.
enum class Shows {
  nothing,        ///< No secret: 127.0.0.1, or the person is asked.
  password,       ///< One of its own; the same.
  session,        ///< The stored sign-in, at whose server it asks.
  administrator,  ///< The same, or the admin socket of a server on this machine.
};

void declare_auth(cli::Options& options, AuthOptions& auth, Shows shows);

/// Where to ask and as whom.
struct Target {
  net::Endpoint endpoint;
  std::optional<cli::Login> login;  ///< The stored sign-in there, if it is to be shown.
  identity::Secret token;           ///< Empty: none is shown.

  bool is_admin_socket() const { return endpoint.scheme == net::Scheme::unix_ && token.empty(); }
};

/// Errc::refused where a secret would travel in clear, or where a session is needed and none is
/// stored. May ask a person for the endpoint.
Result<Target> find_target(const cli::Context& context, const AuthOptions& options, Shows shows);

class AuthClient {
 public:
  /// Connects, with --retry, and signs in if the target has a token.
  static asio::awaitable<Result<std::unique_ptr<AuthClient>>> open(const cli::Context& context,
                                                                   const AuthOptions& options,
                                                                   const Target& target);
  /// The same on a stream that is connected; no token: nobody signs in. Errors name `server`.
  static asio::awaitable<Result<std::unique_ptr<AuthClient>>> begin(net::Stream stream,
                                                                    Duration answer_limit,
                                                                    std::string_view token,
                                                                    std::string server = {});

  /// Sends `request` (its id is added) and waits for its answer. An answer that says no is an
  /// Error with the server's words and code.
  asio::awaitable<Result<wire::Json>> ask(std::string_view word, JsonObject request);
  asio::awaitable<void> close();

 private:
  using Reader = net::MessageReader<wire::FrameDecoder>;
  AuthClient(net::Stream stream, Duration answer_limit, std::string server);

  asio::awaitable<Status> greet();
  Error strange(std::error_code code) const;

  net::Stream stream_;
  Reader reader_;
  const Duration answer_limit_;
  const std::string server_;
  std::uint32_t last_id_ = 0;
};

using Talk = std::function<asio::awaitable<Status>(AuthClient& client)>;

/// Runs `talk` with a client that is signed in as `target` says, and ends the connection after it.
Status with_auth(cli::Context& context, const AuthOptions& options, const Target& target,
                 const Talk& talk);

/// Splits `[ENDPOINT] ARGUMENT...`: the first word is the endpoint if there are more than
/// `arguments` words, or if it has a scheme, a port or is an address.
Status take_endpoint(std::vector<std::string>& words, std::size_t arguments, bool more,
                     AuthOptions& options);

}  // namespace netkit::auth
