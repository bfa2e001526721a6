// The options of --require-auth, checked.
#include "cli/guard_settings.hpp"

#include "cli/client.hpp"
#include "net/service_ports.hpp"

namespace netkit::cli {
namespace {

constexpr std::uint16_t auth_port = net::service_port(net::Carrier::tcp, "auth");

}  // namespace

Result<net::Endpoint> complete_auth(const net::Endpoint& given) {
  using net::Scheme;
  const net::Endpoint named = net::complete(given, Scheme::tcp, "127.0.0.1", auth_port);
  const Scheme usual = net::is_loopback(named) ? Scheme::tcp : Scheme::tls;
  net::Endpoint auth = net::complete(given, usual, "127.0.0.1", auth_port);
  const std::string text = net::to_text(auth);
  if (auth.scheme != Scheme::tcp && auth.scheme != Scheme::tls && auth.scheme != Scheme::unix_)
    return Error{Errc::usage, "ask the auth service at " + text,
                 "it is at tls://, tcp:// or unix:"};
  if (auth.scheme == Scheme::tcp && !net::is_loopback(auth))
    return Error{Errc::refused, "ask the auth service at " + text,
                 "without TLS anyone on the way could let anyone in; use tls://"};
  return auth;
}

Result<access::GuardSettings> guard_settings(const Context& context, const ServerOptions& options) {
  Result<net::Endpoint> auth = complete_auth(*options.require_auth);
  if (!auth) return auth.error();
  ClientOptions trust;
  trust.tls_ca = options.auth_tls_ca;
  trust.tls_fingerprint = options.auth_tls_fingerprint;
  if (trust.tls_ca && trust.tls_fingerprint)
    return Error{Errc::usage, "combine --auth-tls-ca and --auth-tls-fingerprint"};
  return access::GuardSettings{
      .auth = *auth,
      .tls = [&context, trust, to = *auth] { return client_tls(context, trust, to); },
      .service = std::string{context.command.name},
      .grace = options.auth_grace};
}

}  // namespace netkit::cli
