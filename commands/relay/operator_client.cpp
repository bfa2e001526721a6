// Finding the relay, signing in, asking.
#include "commands/relay/operator_client.hpp"

#include <unistd.h>

#include "base/text.hpp"
#include "cli/credential.hpp"
#include "cli/paths.hpp"
#include "cli/remote_error.hpp"
#include "commands/relay/client_protocol.hpp"
#include "commands/relay/relay.hpp"

namespace netkit::relay {
namespace {

using net::Scheme;

/// The admin socket of a relay on this machine, unless --server names one.
Result<net::Endpoint> find_relay(const cli::Context& context, const OperatorOptions& options) {
  if (options.client.endpoint) {
    const net::Endpoint named =
        net::complete(*options.client.endpoint, Scheme::tcp, "127.0.0.1", port);
    const Scheme usual = net::is_loopback(named) ? Scheme::tcp : Scheme::tls;
    const net::Endpoint to = net::complete(*options.client.endpoint, usual, "127.0.0.1", port);
    if (to.scheme == Scheme::tcp || to.scheme == Scheme::tls || to.scheme == Scheme::unix_)
      return to;
    return Error{Errc::usage, "ask the relay at " + net::to_text(to),
                 "it is asked at tls://, tcp:// or unix:"};
  }
  const std::string state =
      options.state ? *options.state
                    : cli::state_directory(context.environment, "relay", geteuid() == 0);
  if (state.empty()) return Error{Errc::usage, "find the relay's state", "give --state DIR"};
  return net::Endpoint{
      .scheme = Scheme::unix_, .host = {}, .port = {}, .path = state + "/" + admin_socket_name};
}

}  // namespace

void declare_operator(cli::Options& options, OperatorOptions& operator_options, bool afar) {
  cli::declare_client_limits(options, operator_options.client);
  if (afar)
    options
        .value("server", operator_options.client.endpoint, "ENDPOINT",
               "A relay elsewhere, asked with a token of the scope relay:moderate; else the one "
               "on this machine")
        .completes(cli::Complete::endpoint);
  options
      .value("state", operator_options.state, "DIR",
             "Where the relay on this machine keeps its state")
      .completes(cli::Complete::directory);
  if (afar) cli::declare_token(options, operator_options.client);
}

asio::awaitable<Result<std::unique_ptr<OperatorClient>>> OperatorClient::open(
    const cli::Context& context, const OperatorOptions& options) {
  const Result<net::Endpoint> to = find_relay(context, options);
  if (!to) co_return to.error();
  std::optional<cli::Credential> shown;
  if (options.client.endpoint) {
    Result<cli::Credential> credential = cli::Credential::of(context, options.client);
    if (!credential) co_return credential.error();
    if (const Result<bool> fits = credential->fits(*to); !fits) co_return fits.error();
    shown = std::move(*credential);
  }
  Result<net::Stream> stream = co_await cli::connect(context, options.client, *to);
  if (!stream) {
    if (to->scheme == Scheme::unix_)
      co_return Error{stream.error().code, "find a running relay in " + net::to_text(*to),
                      "start it: netkit relay; or name it: --state DIR"};
    co_return stream.error();
  }
  Result<std::string> token = std::string{};
  if (shown) token = shown->for_service(service_name, *to, cli::audience_at(*to, *stream));
  if (!token) co_return token.error();
  co_return co_await begin(std::move(*stream), options.client.answer_limit, *token);
}

asio::awaitable<Result<std::unique_ptr<OperatorClient>>> OperatorClient::begin(
    net::Stream stream, Duration limit, const std::string& token) {
  std::unique_ptr<OperatorClient> client{new OperatorClient{std::move(stream), limit}};
  if (Status greeted = co_await client->greet(token); !greeted) co_return greeted.error();
  co_return client;
}

asio::awaitable<Status> OperatorClient::greet(const std::string& token) {
  stream_.expire_in(answer_limit_);
  JsonObject hello;
  hello.add("service", service_name);
  if (!token.empty()) hello.add("token", token);
  const std::string body = hello.str();
  std::string bytes;
  wire::append_frame(bytes, {.type = wire::frame_type::hello, .body = std::string_view{body}});
  if (Status sent = co_await carrier_->send(bytes); !sent) co_return sent;
  const Result<wire::Frame> answer = co_await carrier_->next();
  if (!answer) co_return Error{answer.error().code, "speak to the relay", "is it one?"};
  if (answer->type == wire::frame_type::error)
    co_return Error{Errc::refused, "be let in by the relay", escape_for_display(answer->body)};
  if (answer->type != wire::frame_type::hello)
    co_return Error{Errc::unexpected, "speak to the relay", "is it one?"};
  co_return ok;
}

asio::awaitable<Result<wire::Json>> OperatorClient::ask(std::string_view word, JsonObject request) {
  const std::uint32_t id = ++last_id_;
  request.add("do", word);
  const std::string text = request.str();
  std::string bytes;
  wire::append_frame(bytes,
                     {.type = frame_type::ask, .stream = id, .body = std::string_view{text}});
  stream_.expire_in(answer_limit_);
  if (Status sent = co_await carrier_->send(bytes); !sent) co_return sent.error();
  for (;;) {
    const Result<wire::Frame> frame = co_await carrier_->next();
    if (!frame) co_return Error{frame.error().code, "hear from the relay"};
    if (frame->type != frame_type::answer || frame->stream != id) continue;
    Result<wire::Json> answer =
        wire::Json::parse(frame->body, {.size_max = carried_size_max, .depth_max = 8});
    if (!answer) co_return answer.error();
    if (answer->boolean("ok") != true) co_return cli::error_of(*answer);
    co_return answer;
  }
}

asio::awaitable<void> OperatorClient::close() {
  std::string bytes;
  wire::append_frame(bytes, {.type = wire::frame_type::goodbye, .body = {}});
  static_cast<void>(co_await carrier_->send(bytes));  // It ends either way.
  co_await stream_.close();
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

}  // namespace netkit::relay
