// Lines, and the 64 byte lengths of the original's clients: one conversation, two ways to cut it.
#include "commands/auth/reception.hpp"
#include "commands/auth/text_session.hpp"
#include "wire/len64.hpp"
#include "wire/line.hpp"

namespace netkit::auth {
namespace {

/// A word without a line end counts after so long.
constexpr std::chrono::milliseconds silence{200};

template <typename T>
asio::awaitable<std::string> told(asio::awaitable<Result<T>> work) {
  const Result<T> done = co_await std::move(work);
  co_return done ? text_of(*done) : done.error().message() + "\n";
}

asio::awaitable<std::string> tell(Office& office, Caller& caller, Request request) {
  switch (request.ask) {
    case Ask::hello: return told(office.hello(caller, std::move(request.name)));
    case Ask::register_: return told(office.enroll(caller, std::move(request)));
    case Ask::login: return told(office.login(caller, std::move(request)));
    case Ask::sign_in: return told(office.sign_in(caller, std::move(request.token)));
    case Ask::logout: return told(office.logout(caller, request.everywhere));
    case Ask::passwd: return told(office.passwd(caller, std::move(request)));
    case Ask::sessions: return told(office.sessions(caller, {}, false));
    case Ask::revoke: return told(office.revoke(caller, std::move(request.what), false));
    case Ask::users: return told(office.users(caller, {}, request.limit));
    default: break;
  }
  return told(office.whoami(caller));
}

/// The next message of either kind.
class TextReader {
 public:
  TextReader(net::Connection& connection, bool len64, std::size_t size_max)
      : connection_{connection}, len64_{len64}, lines_{size_max}, bodies_{size_max} {}

  /// nullopt at the end. The view holds until the next call; what it showed is overwritten then.
  asio::awaitable<Result<std::optional<std::string_view>>> next(const TextSession& session);

 private:
  using Message = std::optional<std::string_view>;
  Result<wire::Decoded<std::string_view>> decode();
  Message rest();

  net::Connection& connection_;
  const bool len64_;
  wire::LineDecoder lines_;
  const wire::Len64Decoder bodies_;
  std::size_t used_ = 0;
};

Result<wire::Decoded<std::string_view>> TextReader::decode() {
  const std::span<char> unread = connection_.received().unread();
  return len64_ ? bodies_.next(unread) : lines_.next(unread);
}

std::optional<std::string_view> TextReader::rest() {
  return len64_ ? std::nullopt : lines_.rest(connection_.received().unread());
}

asio::awaitable<Result<std::optional<std::string_view>>> TextReader::next(
    const TextSession& session) {
  net::ReceiveBuffer& received = connection_.received();
  received.consume(std::exchange(used_, 0));
  for (;;) {
    if (!received.empty()) {
      const auto decoded = decode();
      if (!decoded) co_return decoded.error();
      if (decoded->message) {
        used_ = decoded->used;
        co_return decoded->message;
      }
      received.consume(decoded->used);
      if (decoded->used > 0) continue;
    }
    received.keep();
    const Message begun = received.empty() ? std::nullopt : rest();
    const bool may_be_whole = begun && session.is_whole(*begun);
    if (may_be_whole) connection_.stream().expire_in(silence);
    const Result<bool> more = co_await connection_.receive();
    const bool silent = !more && more.error().code == Errc::timed_out;
    if (may_be_whole) connection_.touch();
    if (!more && !(silent && may_be_whole)) co_return more.error();
    if (more && *more) continue;
    // The end of the stream ends a line as well.
    const Message last = received.empty() ? std::nullopt : rest();
    if (!last) co_return Message{};
    used_ = received.unread().size();
    lines_.restart();
    co_return last;
  }
}

}  // namespace

asio::awaitable<Status> Reception::serve_text(net::Connection& connection, bool len64,
                                              bool greeted) {
  connection.introduce(len64 ? "len64" : "line");
  connection.touch();
  Caller caller = caller_of(connection);
  TextSession session{caller.exposed};
  TextReader reader{connection, len64, message_size_max_};
  const Result<Greeting> known = co_await office_.hello(caller, {});
  if (!known) co_return known.error();
  const std::string greeting = session.greet(*known);
  if (!greeted)
    if (Status sent = co_await connection.send(greeting); !sent) co_return sent;
  for (;;) {
    const Result<std::optional<std::string_view>> line = co_await reader.next(session);
    if (!line) co_return line.error();
    if (!*line) co_return ok;
    TextSession::Next next = session.hear(**line);
    if (next.request) next.say += co_await tell(office_, caller, std::move(*next.request));
    Status sent = ok;
    if (!next.say.empty()) sent = co_await connection.send(next.say);
    identity::wipe(next.say);
    if (!sent) co_return sent;
    if (next.quit) co_return ok;
  }
}

}  // namespace netkit::auth
