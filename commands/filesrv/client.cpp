// Finding the server, signing in, asking.
#include "commands/filesrv/client.hpp"

#include "access/credential.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/credential.hpp"
#include "cli/remote_error.hpp"
#include "commands/filesrv/filesrv.hpp"
#include "commands/filesrv/reception.hpp"
#include "net/first_frame.hpp"
#include "wire/json.hpp"

namespace netkit::filesrv {
namespace {

/// One read: as much as a chunk, so that a fast sender costs few system calls.
constexpr std::size_t read_size = 1024 * 1024;

Result<net::Endpoint> choose(const cli::Context& context, const FilesOptions& options) {
  if (options.client.endpoint) return whole(*options.client.endpoint);
  return cli::choose_endpoint(context, options.client, net::Scheme::tcp, port);
}

Error refusal_of(const wire::Frame& frame) {
  if (frame.body.starts_with(access::refusal_prefix))
    return Error{Errc::refused, "sign in",
                 escape_for_display(frame.body.substr(access::refusal_prefix.size()))};
  return error_of_json(frame.body);
}

bool has_lost_its_server(const Error& error) {
  return error.code == Errc::closed || error.code == Errc::timed_out;
}

Error no_file_server(const Error& why, const std::string& at) {
  const bool other = why.code == Errc::unexpected || why.code == Errc::malformed;
  return {why.code, "find a file server at " + at, other ? "is it netkit filesrv?" : ""};
}

}  // namespace

cli::Option& declare_files(cli::Options& options, FilesOptions& files, std::string name,
                           std::string help) {
  options
      .positional("ENDPOINT", files.first,
                  "The server: [SCHEME://]HOST[:PORT] or unix:PATH (default: 127.0.0.1)")
      .completes(cli::Complete::endpoint);
  return options.positionals(std::move(name), files.words, std::move(help));
}

void declare_connection(cli::Options& options, FilesOptions& files) {
  cli::declare_client_limits(options, files.client);
  cli::declare_token(options, files.client);
}

Status take_endpoint(FilesOptions& files, std::size_t least, std::string_view what) {
  if (files.first && files.words.size() < least) {
    files.words.insert(files.words.begin(), *std::exchange(files.first, std::nullopt));
  } else if (files.first) {
    Result<net::Endpoint> endpoint = net::parse_endpoint(*files.first);
    if (!endpoint) return endpoint.error();
    files.client.endpoint = std::move(*endpoint);
  }
  if (files.words.size() < least)
    return Error{Errc::usage, std::string{what}, "an argument is missing: see --help"};
  return ok;
}

net::Endpoint whole(net::Endpoint endpoint) {
  const net::Scheme scheme = net::is_loopback(endpoint) ? net::Scheme::tcp : net::Scheme::tls;
  return net::complete(std::move(endpoint), scheme, "127.0.0.1", port);
}

Error error_of_json(std::string_view json) {
  const auto parsed = wire::Json::parse(json, {.size_max = 64 * 1024, .depth_max = 4});
  if (!parsed) return Error{Errc::unexpected, "understand the server"};
  return cli::error_of(*parsed);
}

FilesClient::FilesClient(net::Stream stream, Duration answer_limit)
    : stream_{std::move(stream)},
      reader_{transfer::PieceDecoder{request_size_max}, request_size_max + net::head_size_max,
              read_size},
      answer_limit_{answer_limit} {}

asio::awaitable<Result<std::unique_ptr<FilesClient>>> FilesClient::open(
    const cli::Context& context, const FilesOptions& options) {
  const Result<cli::Credential> credential = cli::Credential::of(context, options.client);
  if (!credential) co_return credential.error();
  const Result<net::Endpoint> to = choose(context, options);
  if (!to) co_return to.error();
  Result<net::Stream> stream = co_await cli::connect(context, options.client, *to);
  if (!stream) co_return stream.error();
  Result<std::string> token =
      credential->for_service(service_name, *to, cli::audience_at(*to, *stream));
  if (!token) co_return token.error();
  Result<std::unique_ptr<FilesClient>> client =
      co_await begin(std::move(*stream), options.client.answer_limit, std::move(*token));
  if (client) co_return client;
  const Error why = client.error();
  if (why.code == Errc::unexpected || why.code == Errc::malformed || has_lost_its_server(why))
    co_return no_file_server(why, net::to_text(*to));
  co_return why;
}

asio::awaitable<Result<std::unique_ptr<FilesClient>>> FilesClient::begin(net::Stream stream,
                                                                         Duration answer_limit,
                                                                         std::string token) {
  std::unique_ptr<FilesClient> client{new FilesClient{std::move(stream), answer_limit}};
  Status greeted = co_await client->greet(std::move(token));
  if (!greeted) co_return greeted.error();
  co_return std::move(client);
}

asio::awaitable<Status> FilesClient::greet(std::string token) {
  JsonObject hello;
  hello.add("service", service_name);
  if (!token.empty()) hello.add("token", token);
  std::string bytes;
  const std::string body = hello.str();
  wire::append_frame(bytes, {.type = wire::frame_type::hello, .body = body});
  stream_.expire_in(answer_limit_);
  if (Status sent = co_await stream_.write(bytes); !sent) co_return sent;
  if (Status skipped = co_await net::skip_text(stream_, reader_.received()); !skipped)
    co_return skipped;
  const Result<transfer::Piece> answer = co_await next();
  if (!answer) co_return answer.error();
  const wire::Frame& frame = answer->frame;
  if (frame.type == wire::frame_type::error) co_return refusal_of(frame);
  const auto own = wire::Json::parse(frame.body, {.size_max = 16 * 1024, .depth_max = 4});
  const bool known = frame.type == wire::frame_type::hello && own &&
                     own->string("service") == std::string_view{service_name};
  if (!known) co_return Error{Errc::unexpected, "understand the server"};
  co_return ok;
}

asio::awaitable<Result<transfer::Piece>> FilesClient::next() {
  touch();
  return reader_.next(stream_);
}

asio::awaitable<Status> FilesClient::send(const std::string& bytes) {
  return stream_.write(bytes);
}

asio::awaitable<void> FilesClient::close() {
  std::string bytes;
  wire::append_frame(bytes, {.type = wire::frame_type::goodbye, .body = {}});
  static_cast<void>(co_await stream_.write(bytes));  // It is over either way.
  co_await stream_.close();
}

Status with_files(cli::Context& context, const FilesOptions& options, const Talk& talk) {
  const auto once = [&]() -> asio::awaitable<Status> {
    Result<std::unique_ptr<FilesClient>> client = co_await FilesClient::open(context, options);
    if (!client) co_return client.error();
    const std::string at = options.client.endpoint ? net::to_text(whole(*options.client.endpoint))
                                                   : (*client)->stream().peer().address;
    Status ended = co_await talk(**client);
    if (ended || !has_lost_its_server(ended.error())) co_await (*client)->close();
    // What broke the connection itself names nothing.
    if (!ended && ended.error().attempt.empty())
      co_return Error{ended.error().code, "go on with " + at,
                      "is it still running? get and put keep what they have for --resume"};
    // Such as an echo server, whose greeting is ours.
    if (!ended && ended.error().code == Errc::unexpected && ended.error().hint.empty())
      co_return no_file_server(ended.error(), at);
    co_return ended;
  };
  return cli::run_client([&]() -> asio::awaitable<Status> {
    return cli::with_retries(context, options.client.retry, once);
  });
}

asio::awaitable<Status> ask(FilesClient& client, const std::string& request,
                            const std::function<Status(const transfer::Answer&)>& hear) {
  if (Status sent = co_await client.send(request); !sent) co_return sent;
  for (;;) {
    const Result<transfer::Piece> piece = co_await client.next();
    if (!piece) co_return piece.error();
    if (piece->is_data()) co_return Error{Errc::unexpected, "understand the server"};
    const Result<transfer::Answer> answer = transfer::decode_answer(piece->frame);
    if (!answer) co_return answer.error();
    if (const auto* const refusal = std::get_if<transfer::Refusal>(&*answer))
      co_return error_of_json(refusal->json);
    if (Status heard = hear(*answer); !heard) co_return heard;
    if (std::holds_alternative<transfer::Done>(*answer) ||
        std::holds_alternative<transfer::Text>(*answer))
      co_return ok;
  }
}

}  // namespace netkit::filesrv
