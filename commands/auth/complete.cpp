// One short conversation with the server of the latest sign-in.
#include "commands/auth/complete.hpp"

#include "cli/tab_client.hpp"
#include "commands/auth/client.hpp"

namespace netkit::auth {
namespace {

/// What it hears goes to `found` as it comes, since it may be cut off anywhere.
asio::awaitable<void> converse(const config::Environment& environment, const cli::Login& login,
                               bool sessions, std::vector<std::string>& found) {
  const Result<net::Endpoint> to = net::parse_endpoint(login.endpoint);
  if (!to) co_return;
  Result<net::Stream> stream = co_await cli::connect_at_tab(environment, *to);
  if (!stream) co_return;
  auto client = co_await AuthClient::begin(std::move(*stream), cli::tab_limit, login.token);
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
  cli::look_at_tab([&] { return converse(typed.environment, **login, sessions, found); });
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
