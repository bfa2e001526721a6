// A connection without questions.
#include "cli/tab_client.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "cli/paths.hpp"
#include "identity/known_hosts.hpp"
#include "net/connect.hpp"
#include "net/spawn.hpp"

namespace netkit::cli {
namespace {

Result<std::optional<net::TlsContext>> tls_of(const config::Environment& environment,
                                              const net::Endpoint& to) {
  if (to.scheme != net::Scheme::tls) return std::optional<net::TlsContext>{};
  const std::string path = known_hosts_path(environment);
  const std::string server = to.host + ":" + std::to_string(to.port.value_or(0));
  const auto trust = [path, server](const std::string& fingerprint) -> Status {
    const auto verdict = identity::KnownHosts{path}.check(server, fingerprint);
    return verdict ? ok : Status{verdict.error()};
  };
  Result<net::TlsContext> made = net::TlsContext::client(trust);
  if (!made) return made.error();
  return std::optional{std::move(*made)};
}

}  // namespace

asio::awaitable<Result<net::Stream>> connect_at_tab(const config::Environment& environment,
                                                    const net::Endpoint& to) {
  Result<std::optional<net::TlsContext>> tls = tls_of(environment, to);
  if (!tls) co_return tls.error();
  Result<net::Stream> stream = co_await net::connect(to, std::move(*tls), tab_limit);
  if (stream) stream->expire_in(tab_limit);
  co_return stream;
}

void look_at_tab(const std::function<asio::awaitable<void>()>& look) {
  asio::io_context io{1};
  asio::co_spawn(io, look(), net::rethrow);
  io.run_for(tab_limit);
}

}  // namespace netkit::cli
