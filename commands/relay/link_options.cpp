// Options about links, declared and checked.
#include "commands/relay/link_options.hpp"

#include "cli/client.hpp"
#include "cli/globals.hpp"
#include "cli/paths.hpp"
#include "cli/secret.hpp"
#include "commands/relay/relay.hpp"
#include "identity/certificate.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t token_size_max = 4096;
constexpr std::size_t links_max = 256;

using net::Scheme;

Result<net::Endpoint> complete(const net::Endpoint& given, bool insecure) {
  const net::Endpoint named = net::complete(given, Scheme::tcp, "127.0.0.1", port);
  const Scheme usual = net::is_loopback(named) ? Scheme::tcp : Scheme::tls;
  net::Endpoint to = net::complete(given, usual, "127.0.0.1", port);
  const std::string text = net::to_text(to);
  if (to.scheme == Scheme::udp)
    return Error{Errc::usage, "link to " + text, "links run over tcp, tls, sctp, ws, wss and unix"};
  const bool clear =
      to.scheme == Scheme::tcp || to.scheme == Scheme::sctp || to.scheme == Scheme::ws;
  if (clear && !net::is_loopback(to) && !insecure)
    return Error{Errc::refused, "link in clear to " + text,
                 "anyone on the way could read and change it: use tls:// or wss://, or --insecure"};
  return to;
}

/// Which certificates are believed: what an option names; else any, where the link key is checked,
/// which is proved for that certificate; else what known_hosts has, or nobody has shown so far.
Result<std::optional<net::TlsContext>> tls_for(const cli::Context& context,
                                               const cli::ClientOptions& trust, bool by_link_key,
                                               const net::Endpoint& to) {
  const bool tls = to.scheme == Scheme::tls || to.scheme == Scheme::wss;
  if (!tls || !by_link_key || trust.tls_ca || trust.tls_fingerprint)
    return cli::client_tls(context, trust, to);
  Result<net::TlsContext> any =
      net::TlsContext::client([](const std::string&) -> Status { return ok; });
  if (!any) return any.error();
  return std::optional{std::move(*any)};
}

/// Read again for each try, so that it can be replaced.
Result<std::function<Result<identity::Secret>()>> token_of(const LinkOptions& options) {
  using Token = std::function<Result<identity::Secret>()>;
  if (!options.token_file) return Token{[] { return Result{identity::Secret{}}; }};
  if (*options.token_file == "-")
    return Error{Errc::usage, "read --link-token-file from stdin", "name a file"};
  const Token token = [path =
                           cli::absolute_path(*options.token_file)]() -> Result<identity::Secret> {
    Result<std::string> text = cli::read_secret_file(path, token_size_max);
    if (!text) return text.error();
    return identity::Secret{std::move(*text)};
  };
  if (Result<identity::Secret> now = token(); !now) return now.error();
  return token;
}

}  // namespace

void declare_links(cli::Options& options, LinkOptions& links) {
  options.heading("Links");
  options
      .values("link", links.to, "ENDPOINT",
              "Link to this relay, for ever; TLS unless it is on this machine")
      .completes(cli::Complete::endpoint);
  options.values("link-key", links.keys, "SHA256",
                 "Link with relays of this link key alone, in both directions "
                 "(`netkit relay status` shows a relay's own)");
  options
      .value("link-token-file", links.token_file, "PATH",
             "The token, of the scope relay:link, to show to relays that ask for one")
      .completes(cli::Complete::file);
  options
      .value("link-tls-ca", links.tls_ca, "PATH",
             "Trust only certificates of relays that these authorities signed (PEM)")
      .completes(cli::Complete::file);
  options.value("link-tls-fingerprint", links.tls_fingerprint, "SHA256",
                "Trust only the relay's certificate with this fingerprint");
  options
      .value("link-rate", links.rate, "N",
             "Records a second that are taken from one link; 0: no limit")
      .with_default("100000");
  options.flag("insecure", links.insecure,
               "Link with anybody, also in clear by way of others: for closed networks");
}

Result<LinksPlan> links_plan(const cli::Context& context, const LinkOptions& options) {
  LinksPlan plan;
  plan.sctp = context.globals.sctp;
  if (options.to.size() > links_max)
    return Error{Errc::usage, "keep up " + std::to_string(options.to.size()) + " links",
                 "at most " + std::to_string(links_max)};
  if (!(options.rate >= 0)) return Error{Errc::usage, "use a --link-rate below 0"};
  for (const net::Endpoint& each : options.to) {
    Result<net::Endpoint> to = complete(each, options.insecure);
    if (!to) return to.error();
    plan.to.push_back(std::move(*to));
  }
  for (const std::string& each : options.keys) {
    Result<std::string> key = identity::parse_fingerprint(each);
    if (!key) return key.error();
    plan.rules.keys.push_back(std::move(*key));
  }
  plan.rules.insecure = options.insecure;
  plan.pace.records_per_s = options.rate;
  plan.pinned = options.tls_ca || options.tls_fingerprint;
  cli::ClientOptions trust;
  if (options.tls_ca) trust.tls_ca = cli::absolute_path(*options.tls_ca);
  trust.tls_fingerprint = options.tls_fingerprint;
  if (trust.tls_ca && trust.tls_fingerprint)
    return Error{Errc::usage, "combine --link-tls-ca and --link-tls-fingerprint"};
  const bool by_link_key = !options.keys.empty() && !options.insecure;
  plan.tls = [&context, trust, by_link_key](const net::Endpoint& to) {
    return tls_for(context, trust, by_link_key, to);
  };
  for (const net::Endpoint& each : plan.to)
    if (const auto tls = plan.tls(each); !tls) return tls.error();
  auto token = token_of(options);
  if (!token) return token.error();
  plan.token = std::move(*token);
  return plan;
}

}  // namespace netkit::relay
