// Which dialect, and who.
#include "commands/relay/service.hpp"

#include <asio/steady_timer.hpp>

#include "net/dialect.hpp"
#include "net/spawn.hpp"
#include "net/worker.hpp"

namespace netkit::relay {
namespace {

/// Nobody is kept from leaving by a longer wait.
constexpr std::chrono::milliseconds rest_max{200};

/// One look each time, at no more than one read's worth: the peer is to wait all the same.
bool has_hung_up(net::Connection& connection, const Session& session) {
  if (!connection.received().empty() || session.holds()) return false;
  const Result<net::Connection::Received> got = connection.try_receive();
  return !got || *got == net::Connection::Received::end;
}

}  // namespace

asio::awaitable<bool> rest(net::Connection& connection, Session& session) {
  for (;;) {
    const std::chrono::nanoseconds wait = session.pause();
    if (connection.draining()) session.insist();
    if (wait.count() == 0 || connection.draining() || session.ended()) co_return true;
    if (has_hung_up(connection, session)) co_return false;
    connection.received().keep();
    asio::steady_timer timer{connection.worker().io(),
                             std::min<std::chrono::nanoseconds>(wait, rest_max)};
    std::error_code cancelled;
    co_await timer.async_wait(net::into(cancelled));
  }
}

bool Service::is_admin(net::Connection& connection) const {
  return connection.scheme() == net::Scheme::unix_ &&
         connection.stream().local_path() == settings_.admin_path;
}

asio::awaitable<Status> Service::serve(net::Connection& connection) {
  const net::Scheme scheme = connection.scheme();
  if (scheme == net::Scheme::ws || scheme == net::Scheme::wss) return serve_web(connection);
  return serve_any(connection);
}

asio::awaitable<Status> Service::serve_any(net::Connection& connection) {
  connection.touch();
  // Where TLS might have begun, the silence has passed already.
  const bool waited =
      settings_.offers_tls && !connection.is_secure() && connection.scheme() == net::Scheme::tcp;
  std::unique_ptr<Session> lurker;
  const auto lurk = [&] {
    if (guard_ || is_admin(connection)) return;  // They have to say something first.
    connection.introduce("line");
    lurker = std::make_unique<Session>(hub_, connection, Lane::line);
    if (!enter_as_text(*lurker)) lurker.reset();
  };
  const Result<wire::Dialect> dialect = co_await net::tell_dialect(connection, waited, lurk);
  if (!dialect) co_return dialect.error();
  if (*dialect != wire::Dialect::line) lurker.reset();
  switch (*dialect) {
    case wire::Dialect::frame: co_return co_await begin_frames(connection);
    case wire::Dialect::http: co_return co_await serve_web(connection);
    case wire::Dialect::len64: co_return co_await serve_text(connection, nullptr, true);
    case wire::Dialect::line: co_return co_await serve_text(connection, std::move(lurker), false);
    case wire::Dialect::tls: break;
  }
  co_return net::no_tls_here(settings_.offers_tls);
}

asio::awaitable<Result<std::unique_ptr<access::Visit>>> Service::let_in(net::Connection& connection,
                                                                        access::Showing how,
                                                                        std::string bearer) {
  access::Wish wish;
  wish.address = connection.peer().address;
  wish.later = true;  // Who moderates is asked for more.
  co_return co_await access::let_in(connection, *guard_, how, wish, std::move(bearer));
}

void Service::sign_in(Session& session, const std::unique_ptr<access::Visit>& visit) const {
  if (!visit) return;
  access::Wish wish;
  wish.scope = moderate_scope;
  wish.address = session.address();
  session.sign_in(visit->who().user(), static_cast<bool>(guard_->may(visit->who(), wish)));
}

}  // namespace netkit::relay
