// The words of nc's users as WebSocket messages: a text message asks, one message answers it, of
// bytes for `get` and of text for the rest, `netkit: cannot ...` included. What is long comes in
// fragments (RFC 6455, 5.4).
#include <algorithm>

#include "access/credential.hpp"
#include "commands/filesrv/clock.hpp"
#include "commands/filesrv/reception.hpp"
#include "commands/filesrv/text_words.hpp"
#include "commands/filesrv/web_session.hpp"
#include "net/websocket.hpp"
#include "transfer/path.hpp"

namespace netkit::filesrv {
namespace {

using wire::WebSocketOp;

constexpr std::uint64_t fragment_size = 1024 * 1024;

}  // namespace

asio::awaitable<Status> WebSession::upgrade(const Request& request,
                                            const wire::UpgradeRequest& wanted) {
  std::string bearer = access::bearer_of(request);
  std::string out;
  wire::append_upgrade_response(out, wanted);
  forget_request();
  if (Status sent = co_await connection_.send(out); !sent) co_return sent;
  connection_.introduce("ws");
  if (visitor_.must_show()) {
    connection_.await_greeting();
    Status known = co_await visitor_.sign_in(access::Showing::websocket, std::move(bearer));
    if (!known) co_return known;
  }
  connection_.touch();
  const Status ended = co_await converse();
  out.clear();
  if (!ended && ended.error().code.category() == category())
    wire::append_websocket_close(out, wire::close_code(ended.error().code), {});
  if (ended) {
    const auto reason = connection_.draining() ? Errc::stopped : Errc{};
    wire::append_websocket_close(out, reason == Errc{} ? 1000 : wire::close_code(reason), {});
  }
  if (!out.empty() && !connection_.is_cut())
    static_cast<void>(co_await connection_.send(out));  // The first error is the one to report.
  co_return ended;
}

/// ok once the peer has closed, or has said that it wants to, or the server ends.
asio::awaitable<Status> WebSession::converse() {
  wire::WebSocketDecoder decoder{wire::WebSocketRole::server, request_size_max};
  net::ReceiveBuffer& received = connection_.received();
  for (;;) {
    const auto decoded = decoder.next(received.unread());
    if (!decoded) co_return decoded.error();
    if (!decoded->message && decoded->used == 0) {
      received.keep();
      const Result<bool> more = co_await connection_.receive();
      if (!more) co_return more.error();
      if (*more) continue;
      if (connection_.draining()) co_return ok;
      co_return Errc::closed;
    }
    WebSocketOp op = WebSocketOp::continuation;
    std::string body;
    if (decoded->message) {
      op = decoded->message->op;
      body = decoded->message->body;
    }
    received.consume(decoded->used);
    received.keep();
    Status done = ok;
    if (op == WebSocketOp::close) co_return ok;
    if (op == WebSocketOp::binary) co_return Error{Errc::unexpected, "take a binary message"};
    if (op == WebSocketOp::ping) done = co_await say(WebSocketOp::pong, body);
    if (op == WebSocketOp::text) {
      Result<TextWish> wish = parse_words(body);
      if (wish && wish->word == Word::quit) co_return ok;
      if (wish) done = co_await act(std::move(*wish));
      if (!wish) done = co_await say_error(wish.error());
    }
    if (!done) co_return done;
  }
}

asio::awaitable<Status> WebSession::act(TextWish wish) {
  switch (wish.word) {
    case Word::list: return say_list(std::move(wish.argument));
    case Word::get:
    case Word::send: return say_file(std::move(wish.argument));
    case Word::time: return say(WebSocketOp::text, time_of_day());
    case Word::info: return say(WebSocketOp::text, depot_.describe());
    case Word::online: return say(WebSocketOp::text, std::string{online_text});
    default: return say(WebSocketOp::text, std::string{help_on_words()});
  }
}

asio::awaitable<Status> WebSession::say(wire::WebSocketOp op, std::string body, bool final) {
  std::string out;
  wire::append_websocket_header(out, op, body.size(), std::nullopt, final);
  out += body;
  co_await wait_for(depot_.pace(), pace_, out.size());
  co_return co_await connection_.send(out);
}

/// The hint of a walk's error may be a path: what was typed is not said again.
asio::awaitable<Status> WebSession::say_error(const Error& error) {
  return say(WebSocketOp::text, "netkit: " + Error{error.code, error.attempt}.message());
}

/// Where a name leads, if the visitor may go there.
Result<Located> WebSession::locate(std::string_view argument, std::string_view verb) const {
  const Result<std::string> path = transfer::path_of_text(argument);
  if (!path) return path.error();
  Result<Located> where = depot_.locate(*path);
  if (!where || !where->share) return where;
  Status may = visitor_.let(Right::read, *where->share, verb, where->path);
  if (!may) return may.error();
  return where;
}

asio::awaitable<Status> WebSession::say_list(std::string argument) {
  const Result<Located> where = locate(argument, "list");
  if (!where) co_return co_await say_error(where.error());
  if (!where->share) {
    std::string names;
    for (const Share& each : depot_.shares())
      if (visitor_.may(Right::read, each, "list", "")) names += each.name + "/\n";
    co_return co_await say(WebSocketOp::text, std::move(names));
  }
  const auto begin = [share = where->share, path = where->path, memory = sort_memory_] {
    return TextList::begin(share->root, path, memory);
  };
  const Result<std::shared_ptr<TextList>> list = co_await depot_.helpers().run(begin);
  if (!list) co_return co_await say_error(list.error());
  WebSocketOp op = WebSocketOp::text;
  const auto read = [list = *list] { return list->next(); };
  while (!(*list)->is_done()) {
    Result<std::string> piece = co_await depot_.helpers().run(read);
    // A message that has begun cannot say so any more.
    if (!piece && op != WebSocketOp::text) co_return Error{piece.error().code, "list all of it"};
    if (!piece) co_return co_await say_error(piece.error());
    if (piece->empty()) continue;
    if (Status said = co_await say(op, std::move(*piece), false); !said) co_return said;
    op = WebSocketOp::continuation;
  }
  std::string end;
  co_return co_await say(op, std::move(end));
}

asio::awaitable<Status> WebSession::say_file(std::string argument) {
  const Result<Located> where = locate(argument, "get");
  if (!where) co_return co_await say_error(where.error());
  const Error folder{std::make_error_code(std::errc::is_a_directory), "send it"};
  if (!where->share || where->path.empty()) co_return co_await say_error(folder);
  Result<transfer::OpenFile> opened = where->share->root.open_file(where->path);
  if (!opened) co_return co_await say_error(opened.error());
  const File file = std::make_shared<const transfer::OpenFile>(std::move(*opened));
  const std::uint64_t size = file->facts.size;
  WebSocketOp op = WebSocketOp::binary;
  ByteRange range;
  do {
    range.count = std::min(fragment_size, size - range.first);
    const bool final = range.first + range.count == size;
    std::string header;
    wire::append_websocket_header(header, op, range.count, std::nullopt, final);
    if (Status sent = co_await connection_.send(header); !sent) co_return sent;
    if (Status sent = co_await send_slice(file, range); !sent) co_return sent;
    range.first += range.count;
    op = WebSocketOp::continuation;
  } while (range.first < size);
  co_return ok;
}

}  // namespace netkit::filesrv
