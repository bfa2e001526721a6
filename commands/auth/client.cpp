// Finding the server, signing in, asking.
#include "commands/auth/client.hpp"

#include <asio/ip/address.hpp>
#include <unistd.h>

#include "access/protocol.hpp"
#include "base/text.hpp"
#include "cli/paths.hpp"
#include "cli/remote_error.hpp"
#include "cli/secret.hpp"
#include "commands/auth/auth.hpp"
#include "commands/auth/requests.hpp"
#include "net/first_frame.hpp"

namespace netkit::auth {
namespace {

/// An answer lists a few hundred lines at most.
constexpr std::uint32_t answer_size_max = 8 * 1024 * 1024;

net::Endpoint admin_socket(const std::string& state) {
  return {.scheme = net::Scheme::unix_,
          .host = {},
          .port = {},
          .path = state + "/" + admin_socket_name};
}

/// Its admin socket, if this user may open the one of a server on this machine.
std::optional<net::Endpoint> own_admin_socket(const cli::Context& context) {
  const std::string state = cli::state_directory(context.environment, "auth", geteuid() == 0);
  if (state.empty()) return std::nullopt;
  net::Endpoint socket = admin_socket(state);
  if (::access(socket.path.c_str(), R_OK | W_OK) != 0) return std::nullopt;
  return socket;
}

net::Endpoint whole(net::Endpoint endpoint) {
  const net::Scheme scheme = net::is_loopback(endpoint) ? net::Scheme::tcp : net::Scheme::tls;
  return net::complete(std::move(endpoint), scheme, "127.0.0.1", port);
}

Result<net::Endpoint> find_endpoint(const cli::Context& context, const AuthOptions& options,
                                    Shows shows, const cli::LoginStore* store) {
  if (options.state) return admin_socket(*options.state);
  if (options.client.endpoint) return whole(*options.client.endpoint);
  if (shows >= Shows::session && store) {
    const Result<std::optional<cli::Login>> latest = store->latest();
    if (!latest) return latest.error();
    if (*latest) return net::parse_endpoint((*latest)->endpoint);
  }
  if (shows == Shows::administrator)
    if (const auto socket = own_admin_socket(context)) return *socket;
  Result<net::Endpoint> chosen =
      cli::choose_endpoint(context, options.client, net::Scheme::tcp, port);
  if (chosen && chosen->scheme == net::Scheme::tcp && !net::is_loopback(*chosen))
    chosen->scheme = net::Scheme::tls;
  return chosen;
}

Result<identity::Secret> given_token(const AuthOptions& options) {
  if (options.client.token) return identity::Secret{std::string{*options.client.token}};
  if (!options.client.token_file) return identity::Secret{};
  Result<std::string> token = cli::read_secret_file(*options.client.token_file, 4096);
  if (!token) return token.error();
  return identity::Secret{std::move(*token)};
}

bool names_a_server(std::string_view word) {
  const Result<net::Endpoint> endpoint = net::parse_endpoint(word);
  if (!endpoint) return false;
  std::error_code no_address;
  asio::ip::make_address(endpoint->host, no_address);
  return endpoint->scheme || endpoint->port || !no_address || net::is_loopback(*endpoint);
}

}  // namespace

void declare_auth(cli::Options& options, AuthOptions& auth, Shows shows) {
  cli::declare_client_limits(options, auth.client);
  if (shows >= Shows::session) cli::declare_token(options, auth.client);
  if (shows != Shows::administrator) return;
  options
      .value("state", auth.state, "DIR",
             "Ask the server on this machine that keeps its state there, as its administrator")
      .completes(cli::Complete::directory);
}

Result<Target> find_target(const cli::Context& context, const AuthOptions& options, Shows shows) {
  const Result<cli::LoginStore> store = cli::LoginStore::of(context.environment);
  Result<net::Endpoint> endpoint =
      find_endpoint(context, options, shows, store ? &*store : nullptr);
  if (!endpoint) return endpoint.error();
  Target target{.endpoint = std::move(*endpoint), .login = {}, .token = {}};
  const std::string where = net::to_text(target.endpoint);
  const bool clear =
      target.endpoint.scheme == net::Scheme::tcp && !net::is_loopback(target.endpoint);
  if (clear && shows != Shows::nothing)
    return Error{Errc::refused, "send a secret in clear to " + where,
                 "use tls://, or no scheme at all"};
  if (shows < Shows::session) return target;
  Result<identity::Secret> token = given_token(options);
  if (!token) return token.error();
  target.token = std::move(*token);
  if (target.token.empty() && !options.state && store) {
    Result<std::optional<cli::Login>> login = store->load(where);
    if (!login) return login.error();
    if (*login && (*login)->signed_in()) {
      target.login = std::move(**login);
      target.token = identity::Secret{std::string{target.login->token}};
    }
  }
  const bool local_socket = target.endpoint.scheme == net::Scheme::unix_;
  if (target.token.empty() && !(local_socket && shows == Shows::administrator))
    return Error{Errc::refused, "ask " + where + " for nobody",
                 "sign in first: netkit auth login " + where};
  return target;
}

Status take_endpoint(std::vector<std::string>& words, std::size_t arguments, bool more,
                     AuthOptions& options) {
  const bool leads =
      more ? words.size() > arguments && names_a_server(words.front()) : words.size() > arguments;
  if (leads) {
    Result<net::Endpoint> endpoint = net::parse_endpoint(words.front());
    if (!endpoint) return endpoint.error();
    options.client.endpoint = std::move(*endpoint);
    words.erase(words.begin());
  }
  if (words.size() < arguments)
    return Error{Errc::usage, "do that", "an argument is missing: see --help"};
  if (words.size() > arguments && !more)
    return Error{Errc::usage, "take '" + escape_for_display(words.back()) + "'",
                 "there are too many arguments: see --help"};
  return ok;
}

AuthClient::AuthClient(net::Stream stream, Duration answer_limit, std::string server)
    : stream_{std::move(stream)},
      reader_{wire::FrameDecoder{answer_size_max}, answer_size_max + wire::frame_header_size},
      answer_limit_{answer_limit},
      server_{std::move(server)} {}

/// What is there does not speak as an auth server does, or not at all.
Error AuthClient::strange(std::error_code code) const {
  return {code, "speak to the auth server at " + server_, "is it one?"};
}

asio::awaitable<Result<std::unique_ptr<AuthClient>>> AuthClient::open(const cli::Context& context,
                                                                      const AuthOptions& options,
                                                                      const Target& target) {
  Result<net::Stream> stream = co_await cli::connect(context, options.client, target.endpoint);
  if (!stream) {
    if (target.is_admin_socket())
      co_return Error{stream.error().code,
                      "find a running server in " + net::to_text(target.endpoint),
                      "start it: netkit auth serve; or name it: --state DIR, or an endpoint"};
    co_return stream.error();
  }
  co_return co_await begin(std::move(*stream), options.client.answer_limit, target.token.view(),
                           net::to_text(target.endpoint));
}

asio::awaitable<Result<std::unique_ptr<AuthClient>>> AuthClient::begin(net::Stream stream,
                                                                       Duration answer_limit,
                                                                       std::string_view token,
                                                                       std::string server) {
  std::unique_ptr<AuthClient> client{
      new AuthClient{std::move(stream), answer_limit, std::move(server)}};
  if (Status greeted = co_await client->greet(); !greeted) co_return greeted.error();
  if (token.empty()) co_return client;
  JsonObject request;
  request.add("token", token);
  const Result<wire::Json> who = co_await client->ask("sign_in", std::move(request));
  if (!who) co_return who.error();
  co_return client;
}

asio::awaitable<Status> AuthClient::greet() {
  stream_.expire_in(answer_limit_);
  std::string hello;
  access::append_hello(hello, "netkit auth");
  if (Status sent = co_await stream_.write(hello); !sent) co_return sent.error();
  if (Status skipped = co_await net::skip_text(stream_, reader_.received()); !skipped)
    co_return strange(skipped.error().code);
  const Result<wire::Frame> frame = co_await reader_.next(stream_);
  if (!frame) co_return strange(frame.error().code);
  if (frame->type != wire::frame_type::hello) co_return strange(Errc::unexpected);
  co_return ok;
}

asio::awaitable<Result<wire::Json>> AuthClient::ask(std::string_view word, JsonObject request) {
  const std::uint32_t id = ++last_id_;
  request.add("id", id).add("do", word);
  std::string text = request.str();
  std::string bytes;
  wire::append_frame(bytes, {.type = frame_type::request, .stream = id, .body = text});
  stream_.expire_in(answer_limit_);
  const Status sent = co_await stream_.write(bytes);
  identity::wipe(text);
  identity::wipe(bytes);
  if (!sent) co_return sent.error();
  for (;;) {
    const Result<wire::Frame> frame = co_await reader_.next(stream_);
    if (!frame) co_return strange(frame.error().code);
    if (frame->type != frame_type::answer || frame->stream != id) continue;
    Result<wire::Json> answer = wire::Json::parse(
        frame->body, {.size_max = answer_size_max, .depth_max = 8, .values_max = 1'000'000});
    wipe_received(frame->body);
    if (!answer) co_return answer.error();
    if (answer->boolean("ok") != true) co_return cli::error_of(*answer);
    co_return answer;
  }
}

asio::awaitable<void> AuthClient::close() {
  std::string bytes;
  wire::append_frame(bytes, {.type = wire::frame_type::goodbye, .body = {}});
  static_cast<void>(co_await stream_.write(bytes));
  co_await stream_.close();
}

Status with_auth(cli::Context& context, const AuthOptions& options, const Target& target,
                 const Talk& talk) {
  return cli::run_client([&]() -> asio::awaitable<Status> {
    auto client = co_await AuthClient::open(context, options, target);
    if (!client) co_return client.error();
    Status done = co_await talk(**client);
    co_await (*client)->close();
    co_return done;
  });
}

}  // namespace netkit::auth
