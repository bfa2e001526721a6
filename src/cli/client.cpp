// Endpoints, trust, retries and the event loop of clients.
#include "cli/client.hpp"

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <csignal>

#include "base/random.hpp"
#include "cli/exit_code.hpp"
#include "cli/globals.hpp"
#include "cli/paths.hpp"
#include "identity/certificate.hpp"
#include "identity/known_hosts.hpp"
#include "net/spawn.hpp"

namespace netkit::cli {
namespace {

constexpr std::chrono::milliseconds pause_first{100};
constexpr std::chrono::milliseconds pause_max{10'000};

/// Only what time can mend is tried again: a server that is down or not yet up.
bool may_pass(const Error& error) {
  const ExitCode code = exit_code_of(error);
  return code == exit_unreachable || code == exit_timed_out;
}

net::TrustCheck trust_on_first_use(const Context& context, const std::string& server) {
  const std::string path = known_hosts_path(context.environment);
  return [&context, server, path](const std::string& fingerprint) -> Status {
    if (path.empty())
      return Error{Errc::refused, "remember " + server, "set HOME, or give --tls-fingerprint"};
    const auto verdict = identity::KnownHosts{path}.check(server, fingerprint);
    if (!verdict) return verdict.error();
    if (*verdict == identity::KnownHosts::Verdict::added)
      context.log.warn("trust", {{"server", server},
                                 {"fingerprint", fingerprint},
                                 {"hint", "seen for the first time and kept in known_hosts"}});
    return ok;
  };
}

}  // namespace

Status read_value(std::string_view text, Retry& retry) {
  if (text == "forever") {
    retry.times = UINT64_MAX;
    return ok;
  }
  return read_value(text, retry.times);
}

std::string show_value(const Retry& retry) {
  return retry.times == UINT64_MAX ? "forever" : std::to_string(retry.times);
}

void declare_client_limits(Options& options, ClientOptions& client) {
  options.heading("Client");
  options.value("timeout", client.answer_limit, "DUR",
                "How long to wait for an answer; 0: for ever");
  options.value("retry", client.retry, "N|forever",
                "Try a failed connection again, with growing pauses");
  options
      .value("tls-ca", client.tls_ca, "PATH",
             "Trust only certificates that these authorities signed (PEM)")
      .completes(Complete::file);
  options.value("tls-fingerprint", client.tls_fingerprint, "SHA256",
                "Trust only the certificate with this fingerprint");
}

void declare_token(Options& options, ClientOptions& client) {
  options.value("token", client.token, "TOKEN",
                "Who you are: a token or a ticket (default: what `netkit auth login` stored)");
  options.value("token-file", client.token_file, "PATH", "The same from its first line; - is stdin")
      .completes(Complete::file);
}

void declare_client(Options& options, ClientOptions& client) {
  options.positional("ENDPOINT", client.endpoint, "[SCHEME://]HOST[:PORT] or unix:PATH")
      .completes(Complete::endpoint);
  declare_client_limits(options, client);
}

Result<net::Endpoint> choose_endpoint(const Context& context, const ClientOptions& client,
                                      net::Scheme scheme, std::uint16_t port) {
  if (client.endpoint) return net::complete(*client.endpoint, scheme, "127.0.0.1", port);
  const net::Endpoint standard{.scheme = scheme, .host = "127.0.0.1", .port = port, .path = {}};
  if (!context.terminal.interactive()) return standard;
  return context.terminal.ask_endpoint(standard);
}

Result<std::optional<net::TlsContext>> client_tls(const Context& context,
                                                  const ClientOptions& client,
                                                  const net::Endpoint& to) {
  if (to.scheme != net::Scheme::tls && to.scheme != net::Scheme::wss)
    return std::optional<net::TlsContext>{};
  if (client.tls_ca && client.tls_fingerprint)
    return Error{Errc::usage, "combine --tls-ca and --tls-fingerprint"};
  Result<net::TlsContext> made = Errc::usage;
  if (client.tls_ca) {
    made = net::TlsContext::client_with_authority(*client.tls_ca);
  } else if (client.tls_fingerprint) {
    const Result<std::string> wanted = identity::parse_fingerprint(*client.tls_fingerprint);
    if (!wanted) return wanted.error();
    made = net::TlsContext::client([wanted = *wanted](const std::string& shown) -> Status {
      if (shown == wanted) return ok;
      return Error{Errc::refused, "trust the server", "it shows " + shown};
    });
  } else {
    const std::string server = to.host + ":" + std::to_string(to.port.value_or(0));
    made = net::TlsContext::client(trust_on_first_use(context, server));
  }
  if (!made) return made.error();
  return std::optional{std::move(*made)};
}

std::chrono::nanoseconds BackOff::next() {
  pause_ = std::clamp<std::chrono::nanoseconds>(pause_ * 2, pause_first, pause_max);
  const auto half = pause_.count() / 2;
  return std::chrono::nanoseconds{
      half + static_cast<std::int64_t>(random_u64() % static_cast<std::uint64_t>(half + 1))};
}

void BackOff::reset() {
  pause_ = {};
}

asio::awaitable<Status> with_retries(const Context& context, Retry retry,
                                     std::function<asio::awaitable<Status>()> attempt) {
  BackOff back_off;
  asio::steady_timer timer{co_await asio::this_coro::executor};
  for (std::uint64_t tried = 0;; ++tried) {
    Status done = co_await attempt();
    if (done || tried >= retry.times || !may_pass(done.error())) co_return done;
    context.log.debug("retry", {{"error", done.error().message()}, {"tried", tried + 1}});
    timer.expires_after(back_off.next());
    std::error_code cancelled;
    co_await timer.async_wait(net::into(cancelled));
  }
}

asio::awaitable<Result<net::Stream>> connect(const Context& context, const ClientOptions& client,
                                             const net::Endpoint& to) {
  Result<std::optional<net::TlsContext>> tls = client_tls(context, client, to);
  if (!tls) co_return tls.error();
  const auto limit = std::min<std::chrono::nanoseconds>(net::connect_limit, client.answer_limit);
  Result<net::Stream> stream;
  const Status connected =
      co_await with_retries(context, client.retry, [&]() -> asio::awaitable<Status> {
        const auto begin = std::chrono::steady_clock::now();
        context.log.trace("attempt", {{"endpoint", net::to_text(to)}, {"limit", limit}});
        stream = co_await net::connect(to, *tls, limit, context.globals.sctp);
        if (!stream) co_return stream.error();
        const net::PeerName peer = stream->peer();
        context.log.trace("connected", {{"address", peer.address},
                                        {"port", peer.port},
                                        {"took", std::chrono::steady_clock::now() - begin}});
        co_return ok;
      });
  if (!connected) co_return connected.error();
  co_return stream;
}

Status run_client(const std::function<asio::awaitable<Status>()>& client) {
  asio::io_context io{1};
  Status outcome = Errc::interrupted;
  asio::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&](std::error_code cancelled, int) {
    if (!cancelled) io.stop();
  });
  asio::co_spawn(io, client(), [&](std::exception_ptr thrown, Status ended) {
    if (thrown) std::rethrow_exception(thrown);
    outcome = std::move(ended);
    io.stop();
  });
  io.run();
  return outcome;
}

}  // namespace netkit::cli
