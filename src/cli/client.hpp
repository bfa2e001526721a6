// What every client has: the endpoint, limits, retries, whom to trust, and the loop that runs its
// coroutine. Every command that connects uses it.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/options.hpp"
#include "net/connect.hpp"
#include "net/limits.hpp"

namespace netkit::cli {

/// How often a failed connection is tried again.
struct Retry {
  std::uint64_t times = 0;  ///< UINT64_MAX: for ever.
};
Status read_value(std::string_view text, Retry& retry);  ///< A number, or "forever".
std::string show_value(const Retry& retry);

struct ClientOptions {
  std::optional<net::Endpoint> endpoint;
  TimeLimit answer_limit{net::answer_limit};
  Retry retry;
  std::optional<std::string> tls_ca;
  std::optional<std::string> tls_fingerprint;
  std::optional<std::string> token;  ///< See cli/credential.hpp.
  std::optional<std::string> token_file;
};

void declare_client(Options& options, ClientOptions& client);
/// The same without the ENDPOINT argument, for verbs that take several.
void declare_client_limits(Options& options, ClientOptions& client);
/// --token and --token-file, for clients of servers that may ask who they are.
void declare_token(Options& options, ClientOptions& client);

/// The endpoint given, completed; without one a person is asked, and a script gets 127.0.0.1.
Result<net::Endpoint> choose_endpoint(const Context& context, const ClientOptions& client,
                                      net::Scheme scheme, std::uint16_t port);

/// How to judge the certificate of `to`: --tls-ca, --tls-fingerprint, or trust on first use. None
/// for an endpoint without TLS.
Result<std::optional<net::TlsContext>> client_tls(const Context& context,
                                                  const ClientOptions& client,
                                                  const net::Endpoint& to);

/// connect() within the limits, again and again as --retry says, with exponential back-off and
/// jitter.
asio::awaitable<Result<net::Stream>> connect(const Context& context, const ClientOptions& client,
                                             const net::Endpoint& to);

/// The pauses between tries: they double from 100 ms to 10 s, each times a random 0.5 to 1, so that
/// many clients do not come at the same moment.
class BackOff {
 public:
  std::chrono::nanoseconds next();
  void reset();

 private:
  std::chrono::nanoseconds pause_{0};
};

/// Calls `attempt` until it succeeds, the error is one that trying again cannot mend, or the tries
/// are used up, with a BackOff in between.
asio::awaitable<Status> with_retries(const Context& context, Retry retry,
                                     std::function<asio::awaitable<Status>()> attempt);

/// Runs a client's coroutine to its end. SIGINT and SIGTERM end it with Errc::interrupted.
Status run_client(const std::function<asio::awaitable<Status>()>& client);

}  // namespace netkit::cli
