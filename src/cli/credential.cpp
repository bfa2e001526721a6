// The order in which a credential is looked for, and what may travel where.
#include "cli/credential.hpp"

#include <ctime>

#include "cli/login_store.hpp"
#include "cli/paths.hpp"
#include "cli/secret.hpp"
#include "identity/ticket.hpp"
#include "identity/ticket_audience.hpp"
#include "identity/token.hpp"

namespace netkit::cli {
namespace {

constexpr std::int64_t ticket_limit_s = 60;

}  // namespace

bool is_private(const net::Endpoint& to) {
  return to.scheme == net::Scheme::tls || to.scheme == net::Scheme::wss || net::is_loopback(to);
}

std::string audience_at(const net::Endpoint& to, const net::Stream& stream) {
  if (to.scheme == net::Scheme::unix_)
    return identity::plain_audience("unix:" + absolute_path(to.path)).value_or("");
  return stream.server_mark(net::TlsSession::Side::client);
}

Result<Credential> Credential::of(const Context& context, const ClientOptions& client) {
  Credential credential;
  if (client.token && client.token_file)
    return Error{Errc::usage, "combine --token and --token-file"};
  std::string text = client.token.value_or("");
  if (client.token_file) {
    Result<std::string> read = read_secret_file(*client.token_file, identity::ticket_size_max);
    if (!read) return read.error();
    text = std::move(*read);
  }
  if (client.token || client.token_file) {
    const bool fits = identity::is_token(text) || identity::is_ticket(text);
    credential.given_ = identity::Secret{std::move(text)};
    if (fits) return credential;
    return Error{Errc::refused, "show that as a token",
                 "a token begins with nk_, a ticket with nkt_; sign in: netkit auth login"};
  }
  const Result<LoginStore> store = LoginStore::of(context.environment);
  if (!store) return credential;  // Nobody signed in where nothing can be kept.
  Result<std::optional<Login>> login = store->latest();
  if (!login) return login.error();
  if (*login) credential.stored_ = identity::Secret{std::move((*login)->token)};
  return credential;
}

Result<bool> Credential::fits(const net::Endpoint& to) const {
  if (given_.empty()) return !stored_.empty() && is_private(to);
  if (is_private(to)) return true;
  return Error{Errc::refused, "send a token in clear to " + net::to_text(to),
               "use tls:// or wss://"};
}

Result<std::string> Credential::for_service(std::string_view service, const net::Endpoint& to,
                                            std::string audience,
                                            std::vector<std::string> verbs) const {
  const Result<bool> fit = fits(to);
  if (!fit) return fit.error();
  if (!*fit) return std::string{};
  if (!given_.empty()) return std::string{given_.view()};
  // Without a server that it is for, whoever is shown it could use it elsewhere.
  if (audience.empty()) return std::string{};
  identity::TicketLimits limits;
  limits.service = service;
  limits.audience = std::move(audience);
  limits.verbs = std::move(verbs);
  limits.expires_s = std::time(nullptr) + ticket_limit_s;
  return identity::make_ticket(stored_.view(), limits);
}

}  // namespace netkit::cli
