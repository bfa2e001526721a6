// The first words of each dialect.
#include "access/credential.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "identity/ticket_audience.hpp"
#include "net/websocket.hpp"
#include "net/worker.hpp"
#include "wire/json.hpp"
#include "wire/len64.hpp"
#include "wire/line.hpp"

namespace netkit::access {
namespace {

using net::Connection;
using net::Flow;

constexpr std::string_view token_word = "/token ";
/// A ticket, and what stands around it.
constexpr std::size_t shown_size_max = ticket_size_max + 256;

/// Gives the first message of `decoder` to `take`; false if the peer went before it.
template <typename Decoder, typename Take>
asio::awaitable<Result<bool>> take_first(Connection& connection, Decoder decoder, Take take) {
  net::ReceiveBuffer& received = connection.received();
  for (;;) {
    if (!received.empty()) {
      auto decoded = decoder.next(received.unread());
      if (!decoded) co_return decoded.error();
      if (decoded->message) take(*decoded->message);
      received.consume(decoded->used);
      if (decoded->message) break;
      if (decoded->used > 0) continue;
    }
    received.keep();
    Result<bool> more = co_await connection.receive(shown_size_max);
    if (!more) co_return more.error();
    if (!*more) co_return false;
  }
  received.keep();
  co_return true;
}

asio::awaitable<Result<bool>> take_first_message(Connection& connection, std::string& credential) {
  bool heard = false;
  const auto take = [&](wire::WebSocketOp op, std::string_view body, std::string&) -> Result<Flow> {
    heard = true;
    if (op == wire::WebSocketOp::text) credential = token_of_json(body);
    return Flow::finish;
  };
  const Status ended = co_await net::pump_websocket(connection, shown_size_max, take);
  connection.received().keep();
  if (!ended) co_return ended.error();
  co_return heard;
}

asio::awaitable<Result<bool>> read_credential(Connection& connection, Showing how,
                                              std::string& credential) {
  switch (how) {
    case Showing::line:
      co_return co_await take_first(
          connection, wire::LineDecoder{shown_size_max},
          [&](std::string_view line) { credential = token_of_line(line); });
    case Showing::len64:
      co_return co_await take_first(
          connection, wire::Len64Decoder{shown_size_max},
          [&](std::string_view body) { credential = token_of_line(body); });
    case Showing::frame:
      co_return co_await take_first(connection,
                                    wire::FrameDecoder{static_cast<std::uint32_t>(shown_size_max)},
                                    [&](const wire::Frame& frame) {
                                      if (frame.type == wire::frame_type::hello)
                                        credential = token_of_json(frame.body);
                                    });
    case Showing::websocket: break;
  }
  co_return co_await take_first_message(connection, credential);
}

std::string refusal(Showing how, const Error& why) {
  const std::string text = std::string{refusal_prefix} + why.message();
  std::string out;
  switch (how) {
    case Showing::line: return text + "\n";
    case Showing::len64: return text;  // Bare, as the original servers reply.
    case Showing::frame:
      wire::append_frame(out,
                         {.type = wire::frame_type::error, .flags = 0, .stream = 0, .body = text});
      break;
    case Showing::websocket:
      wire::append_websocket(out, wire::WebSocketOp::text,
                             JsonObject{}.add("event", "error").add("error", text).str());
      wire::append_websocket_close(out, wire::close_code(Errc::refused), {});
      break;
  }
  return out;
}

}  // namespace

std::string bearer_of(const wire::HttpRequest& request) {
  const std::string_view value = request.fields.find("Authorization").value_or("");
  constexpr std::string_view scheme = "Bearer ";
  if (value.size() <= scheme.size() || !equal_ignoring_case(value.substr(0, scheme.size()), scheme))
    return {};
  return std::string{trim(value.substr(scheme.size()))};
}

std::string token_of_json(std::string_view text) {
  const auto json = wire::Json::parse(text, {.size_max = shown_size_max, .depth_max = 4});
  return json ? std::string{json->string("token").value_or("")} : std::string{};
}

std::string token_of_line(std::string_view line) {
  if (!line.starts_with(token_word)) return {};
  return std::string{trim(line.substr(token_word.size()))};
}

std::string show_credential(Showing how, std::string_view credential) {
  const std::string line = std::string{token_word}.append(credential);
  const std::string json = JsonObject{}.add("token", credential).str();
  std::string out;
  switch (how) {
    case Showing::line: return line + "\n";
    case Showing::len64: wire::append_len64(out, line); return out;
    case Showing::frame:
      wire::append_frame(out,
                         {.type = wire::frame_type::hello, .flags = 0, .stream = 0, .body = json});
      return out;
    case Showing::websocket: break;
  }
  return json;
}

bool is_exposed(const Connection& connection) {
  if (connection.scheme() == net::Scheme::unix_ || connection.is_secure()) return false;
  std::error_code failed;
  const auto address = asio::ip::make_address(connection.peer().address, failed);
  return !failed && !address.is_loopback();
}

std::string audience_of(const Connection& connection) {
  const net::Stream& stream = connection.stream();
  std::string mark = stream.server_mark(net::TlsSession::Side::server);
  if (!mark.empty()) return mark;
  return identity::plain_audience("unix:" + stream.local_path()).value_or("");
}

Visit::Visit(Connection& connection, Guard& guard, Who who, const Wish& wish)
    : who_{std::move(who)}, outlet_{connection} {
  const auto end = [outlet = outlet_.get()] { outlet->close(); };
  watch_ = guard.watch(who_, wish.later ? std::string{} : wish.scope, end, wish.address);
}

asio::awaitable<Result<std::unique_ptr<Visit>>> let_in(Connection& connection, Guard& guard,
                                                       Showing how, Wish wish, std::string bearer) {
  const bool exposed = is_exposed(connection);
  wish.audience = audience_of(connection);
  if (!exposed && bearer.empty()) {
    connection.await_greeting();
    const Result<bool> read = co_await read_credential(connection, how, bearer);
    if (!read) co_return read.error();
    if (!*read) co_return Errc::closed;
  }
  Result<Who> who =
      Error{Errc::refused, "take a token in clear", "others could read it: connect by TLS"};
  if (!exposed && bearer.empty())
    who = Error{Errc::refused, "serve somebody without a token", "sign in: netkit auth login"};
  else if (!exposed)
    who = co_await guard.admit(std::move(bearer), wish);
  if (who) {
    connection.touch();
    co_return std::make_unique<Visit>(connection, guard, std::move(*who), wish);
  }
  connection.worker().log().warn("authz_fail", {{"address", connection.peer().address},
                                                {"port", connection.peer().port},
                                                {"dialect", connection.dialect()},
                                                {"reason", who.error().message()}});
  const std::string said = refusal(how, who.error());
  static_cast<void>(co_await connection.send(said));  // The refusal is the error to report.
  co_return who.error();
}

}  // namespace netkit::access
