// One question to the relay of a state.
#include "commands/relay/complete.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/paths.hpp"
#include "commands/relay/operator_client.hpp"
#include "commands/relay/relay.hpp"
#include "net/connect.hpp"
#include "net/spawn.hpp"

namespace netkit::relay {
namespace {

constexpr std::chrono::milliseconds limit{300};
/// A shell shows no more than a screen of them.
constexpr std::size_t names_max = 1000;

/// What it hears goes to `found` as it comes, since it may be cut off anywhere.
asio::awaitable<void> converse(const net::Endpoint& to, std::string_view list,
                               std::vector<std::string>& found) {
  Result<net::Stream> stream = co_await net::connect(to, std::nullopt, limit);
  if (!stream) co_return;
  const std::string no_token;
  auto client = co_await OperatorClient::begin(std::move(*stream), limit, no_token);
  if (!client) co_return;
  const Result<wire::Json> answer = co_await (*client)->ask("names", {});
  if (!answer) co_return;
  for (const wire::Json& each : answer->items(list)) {
    const auto name = each.string();
    // The shell would get each line of it as a name of its own.
    if (!name || escape_for_display(*name) != *name) continue;
    if (found.size() == names_max) co_return;
    found.emplace_back(*name);
  }
}

std::vector<std::string> ask(const cli::Typed& typed, std::string_view list) {
  std::string state = typed.value_of("state");
  if (state.empty()) state = cli::state_directory(typed.environment, "relay", geteuid() == 0);
  if (state.empty()) return {};
  const net::Endpoint to{.scheme = net::Scheme::unix_,
                         .host = {},
                         .port = {},
                         .path = state + "/" + admin_socket_name};
  std::vector<std::string> found;
  asio::io_context io{1};
  asio::co_spawn(io, converse(to, list, found), net::rethrow);
  io.run_for(limit);
  return found;
}

}  // namespace

std::vector<std::string> people_here(const cli::Typed& typed) {
  return ask(typed, "nicks");
}

std::vector<std::string> rooms_here(const cli::Typed& typed) {
  return ask(typed, "rooms");
}

}  // namespace netkit::relay
