// One short conversation with the server of the latest sign-in.
#include "commands/auth/complete.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>

#include "cli/paths.hpp"
#include "commands/auth/client.hpp"
#include "identity/known_hosts.hpp"
#include "net/connect.hpp"
#include "net/spawn.hpp"

namespace netkit::auth {
namespace {

constexpr std::chrono::milliseconds limit{300};

/// A name would have to be looked up, which nothing can be kept from taking longer.
bool is_address(const net::Endpoint& endpoint) {
  std::error_code no_address;
  asio::ip::make_address(endpoint.host, no_address);
  return !no_address || endpoint.scheme == net::Scheme::unix_ || endpoint.host == "localhost";
}

Result<std::optional<net::TlsContext>> tls_of(const config::Environment& environment,
                                              const net::Endpoint& to) {
  if (to.scheme != net::Scheme::tls) return std::optional<net::TlsContext>{};
  const std::string path = cli::known_hosts_path(environment);
  const std::string server = to.host + ":" + std::to_string(to.port.value_or(0));
  const auto trust = [path, server](const std::string& fingerprint) -> Status {
    const auto verdict = identity::KnownHosts{path}.check(server, fingerprint);
    return verdict ? ok : Status{verdict.error()};
  };
  Result<net::TlsContext> made = net::TlsContext::client(trust);
  if (!made) return made.error();
  return std::optional{std::move(*made)};
}

/// What it hears goes to `found` as it comes, since it may be cut off anywhere.
asio::awaitable<void> converse(const config::Environment& environment, const cli::Login& login,
                               bool sessions, std::vector<std::string>& found) {
  const Result<net::Endpoint> to = net::parse_endpoint(login.endpoint);
  if (!to || !is_address(*to)) co_return;
  Result<std::optional<net::TlsContext>> tls = tls_of(environment, *to);
  if (!tls) co_return;
  Result<net::Stream> stream = co_await net::connect(*to, std::move(*tls), limit);
  if (!stream) co_return;
  auto client = co_await AuthClient::begin(std::move(*stream), limit, login.token);
  if (!client) co_return;
  const auto add = [&](const Result<wire::Json>& answer, std::string_view list,
                       std::string_view key) {
    if (!answer) return;
    for (const wire::Json& each : answer->items(list))
      if (const auto text = each.string(key)) found.emplace_back(*text);
  };
  if (sessions) add(co_await (*client)->ask("sessions", {}), "sessions", "session");
  add(co_await (*client)->ask("users", {}), "users", "user");
}

std::vector<std::string> ask(const cli::Typed& typed, bool sessions) {
  const Result<cli::LoginStore> store = cli::LoginStore::of(typed.environment);
  if (!store) return {};
  const Result<std::optional<cli::Login>> login = store->latest();
  if (!login || !*login) return {};
  std::vector<std::string> found;
  asio::io_context io{1};
  asio::co_spawn(io, converse(typed.environment, **login, sessions, found), net::rethrow);
  io.run_for(limit);
  return found;
}

}  // namespace

std::vector<std::string> known_users(const cli::Typed& typed) {
  return ask(typed, false);
}

std::vector<std::string> known_sessions_and_users(const cli::Typed& typed) {
  return ask(typed, true);
}

}  // namespace netkit::auth
