// Lines, and the 64 byte lengths of the original's clients: one conversation, two ways to cut it.
#include "commands/auth/reception.hpp"
#include "commands/auth/text_session.hpp"
#include "net/text_reader.hpp"

namespace netkit::auth {
namespace {

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

}  // namespace

asio::awaitable<Status> Reception::serve_text(net::Connection& connection, bool len64,
                                              bool greeted) {
  connection.introduce(len64 ? "len64" : "line");
  connection.touch();
  Caller caller = caller_of(connection);
  TextSession session{caller.exposed};
  net::TextReader reader{connection, len64, message_size_max_,
                         [&session](std::string_view text) { return session.is_whole(text); }};
  const Result<Greeting> known = co_await office_.hello(caller, {});
  if (!known) co_return known.error();
  const std::string greeting = session.greet(*known);
  if (!greeted)
    if (Status sent = co_await connection.send(greeting); !sent) co_return sent;
  for (;;) {
    const Result<std::optional<std::string_view>> line = co_await reader.next();
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
