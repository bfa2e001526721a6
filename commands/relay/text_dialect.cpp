// Lines of people with nc, and the 64 byte lengths of the original's clients: they talk in one room
// at a time and write commands with a slash.
#include "base/utf8.hpp"
#include "commands/relay/service.hpp"
#include "net/text_reader.hpp"

namespace netkit::relay {
namespace {

/// By which the clients of the original leave.
constexpr std::string_view leaving_word = "DISCONNECT";

bool is_whole(std::string_view text) {
  return text == leaving_word || text == "/quit" || text == "/who" || text == "/rooms" ||
         text == "/help" || text == "/part";
}

}  // namespace

Status enter_as_text(Session& session) {
  Request request;
  request.what = Ask::enter;
  request.rooms.push_back({.room = std::string{standard_room}});
  const Status entered = session.enter(request);
  if (!entered) {
    tell_failure(session, entered.error());
    return entered;
  }
  if (session.lane() != Lane::line) return ok;
  const std::string greeting = "you are " + session.nick() + " in " + std::string{standard_room} +
                               "; /help lists the commands";
  Event notice;
  notice.time_ms = Hub::now().wall_ms;
  notice.text = greeting;
  session.tell(notice);
  return ok;
}

asio::awaitable<Status> Service::serve_text(net::Connection& connection,
                                            std::unique_ptr<Session> session, bool len64) {
  connection.introduce(len64 ? "len64" : "line");
  std::unique_ptr<access::Visit> visit;
  if (guard_) {
    Result<std::unique_ptr<access::Visit>> let =
        co_await let_in(connection, len64 ? access::Showing::len64 : access::Showing::line, {});
    if (!let) co_return let.error();
    visit = std::move(*let);
  }
  connection.touch();
  if (!session) {
    session = std::make_unique<Session>(hub_, connection, len64 ? Lane::len64 : Lane::line);
    sign_in(*session, visit);
    if (Status entered = enter_as_text(*session); !entered) co_return entered;
  }
  net::TextReader reader{connection, len64, hub_.settings().text_size_max, is_whole};
  for (;;) {
    const Result<std::optional<std::string_view>> line = co_await reader.next();
    if (!line) co_return line.error();
    if (!*line || **line == leaving_word) co_return ok;
    if (len64 && !is_utf8(**line)) co_return Errc::not_utf8;
    const Result<bool> stays = session->hear_line(**line);
    if (!stays) tell_failure(*session, stays.error());
    if (session->ended() || (stays && !*stays)) co_return ok;
    if (session->pause().count() > 0) {
      reader.done();
      const bool rested = co_await rest(connection, *session);
      if (!rested) co_return ok;
    }
    if (session->ended()) co_return ok;
  }
}

}  // namespace netkit::relay
