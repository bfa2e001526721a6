// Finding the server, signing in, asking.
#include "commands/shutdown/operator_client.hpp"

#include <unistd.h>

#include "cli/credential.hpp"
#include "cli/paths.hpp"
#include "cli/remote_error.hpp"
#include "commands/shutdown/shutdown.hpp"

namespace netkit::shutdown {
namespace {

/// The hosts and orders of a large server at once.
constexpr std::size_t answer_size_max = 64 * operator_message_size_max;
constexpr std::size_t events_kept_max = 100'000;

/// The admin socket of a server on this machine, unless --server names one.
Result<net::Endpoint> find_server(const cli::Context& context, const OperatorOptions& options) {
  if (options.client.endpoint) {
    net::Endpoint to = *options.client.endpoint;
    const net::Scheme scheme = net::is_loopback(to) ? net::Scheme::ws : net::Scheme::wss;
    to = net::complete(std::move(to), scheme, "127.0.0.1", port);
    if (to.scheme == net::Scheme::unix_) return to;
    if (to.path.empty()) to.path = "/operator";
    if (to.scheme == net::Scheme::ws && !net::is_loopback(to))
      return Error{Errc::refused, "send a token in clear to " + net::to_text(to),
                   "use wss://, or no scheme at all"};
    return to;
  }
  const std::string state =
      options.state ? *options.state
                    : cli::state_directory(context.environment, "shutdown-server", geteuid() == 0);
  if (state.empty())
    return Error{Errc::usage, "find the server's state", "give --state DIR or --server ENDPOINT"};
  return net::Endpoint{.scheme = net::Scheme::unix_,
                       .host = {},
                       .port = {},
                       .path = state + "/" + admin_socket_name};
}

/// What there is to show to a server elsewhere.
Result<cli::Credential> find_credential(const cli::Context& context, const OperatorOptions& options,
                                        const net::Endpoint& to) {
  const Error none{Errc::refused, "order anything at " + net::to_text(to),
                   "sign in: netkit auth login; or give the token that `netkit shutdown-server "
                   "enrol --operator NAME` printed there"};
  Result<cli::Credential> credential = cli::Credential::of(context, options.client);
  if (!credential) return credential.error().code == Errc::refused ? none : credential.error();
  const Result<bool> fits = credential->fits(to);
  if (!fits) return fits.error();
  if (!*fits) return none;
  return credential;
}

}  // namespace

void declare_operator(cli::Options& options, OperatorOptions& operator_options) {
  cli::declare_client_limits(options, operator_options.client);
  options
      .value("server", operator_options.client.endpoint, "ENDPOINT",
             "A server elsewhere, asked with a token; else the one on this machine")
      .completes(cli::Complete::endpoint);
  options
      .value("state", operator_options.state, "DIR",
             "Where the server on this machine keeps its state")
      .completes(cli::Complete::directory);
  cli::declare_token(options, operator_options.client);
}

asio::awaitable<Result<std::unique_ptr<OperatorClient>>> OperatorClient::open(
    const cli::Context& context, const OperatorOptions& options) {
  const Result<net::Endpoint> to = find_server(context, options);
  if (!to) co_return to.error();
  const bool local = to->scheme == net::Scheme::unix_;
  Result<cli::Credential> credential = cli::Credential{};
  if (!local) credential = find_credential(context, options, *to);
  if (!credential) co_return credential.error();
  Result<net::Stream> stream = co_await cli::connect(context, options.client, *to);
  if (!stream) {
    if (local)
      co_return Error{
          stream.error().code, "find a running server in " + net::to_text(*to),
          "start it: netkit shutdown-server; or name it: --state DIR, --server ENDPOINT"};
    co_return stream.error();
  }
  Result<std::string> token = std::string{};
  if (!local)
    token = credential->for_service("shutdown-server", *to, cli::audience_at(*to, *stream),
                                    options.verbs);
  if (!token) co_return token.error();
  stream->expire_in(options.client.answer_limit);
  net::UpgradeWish wish{net::authority(*to), local ? "/operator" : to->path};
  wish.subprotocols = {operator_subprotocol};
  wish.token = std::move(*token);
  Result<net::WebSocketClient> opened =
      co_await net::WebSocketClient::open(std::move(*stream), wish, answer_size_max);
  if (!opened)
    co_return Error{opened.error().code, "speak to the server at " + net::to_text(*to),
                    opened.error().attempt};
  std::unique_ptr<OperatorClient> client{
      new OperatorClient{std::move(*opened), options.client.answer_limit}};
  Result<wire::Json> welcome = co_await client->receive();
  if (!welcome) co_return welcome.error();
  if (welcome->string("event") != std::string_view{"welcome"}) co_return cli::error_of(*welcome);
  co_return client;
}

asio::awaitable<Result<wire::Json>> OperatorClient::receive() {
  const Result<wire::WebSocketMessage> message = co_await client_.receive();
  if (!message) co_return Error{message.error().code, "hear from the server", message.error().hint};
  co_return wire::Json::parse(
      message->body, {.size_max = answer_size_max, .depth_max = 32, .values_max = 10'000'000});
}

asio::awaitable<Result<wire::Json>> OperatorClient::ask(std::string_view word, JsonObject request) {
  const std::int64_t id = ++last_id_;
  request.add("id", id).add("do", word);
  client_.stream().expire_in(answer_limit_);
  if (Status sent = co_await client_.send(wire::WebSocketOp::text, request.str()); !sent)
    co_return sent.error();
  for (;;) {
    Result<wire::Json> message = co_await receive();
    if (!message) co_return message.error();
    if (message->integer("id") == id) {
      if (message->boolean("ok") != true) co_return cli::error_of(*message);
      co_return message;
    }
    if (events_.size() < events_kept_max) events_.push_back(std::move(*message));
  }
}

asio::awaitable<Result<wire::Json>> OperatorClient::next_event(Duration limit) {
  if (!events_.empty()) {
    wire::Json event = std::move(events_.front());
    events_.pop_front();
    co_return event;
  }
  if (limit.count() > 0)
    client_.stream().expire_in(limit);
  else
    client_.stream().expire_never();
  co_return co_await receive();
}

Status with_operator(cli::Context& context, const OperatorOptions& options,
                     std::function<asio::awaitable<Status>(OperatorClient& client)> talk) {
  return cli::run_client([&]() -> asio::awaitable<Status> {
    auto client = co_await OperatorClient::open(context, options);
    if (!client) co_return client.error();
    Status done = co_await talk(**client);
    co_await (*client)->close();
    co_return done;
  });
}

}  // namespace netkit::shutdown
