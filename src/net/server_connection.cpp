// The way of one connection that was accepted: TLS, the service, its resident, and its end.
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>

#include "net/readiness.hpp"
#include "net/server.hpp"
#include "net/spawn.hpp"

namespace netkit::net {

/// A connection, and what is done when bytes come for its resident.
struct Server::Attended final : Sleeper {
  Attended(Server& at, Stream stream, Worker& worker, Scheme scheme)
      : server{at}, connection{std::move(stream), worker, scheme, *at.options()} {}
  void woken(std::unique_ptr<Sleeper> self, Status outcome) override;

  Server& server;
  Connection connection;
  const std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
};

asio::awaitable<void> Server::attend(Worker& worker, Accepted accepted, Scheme scheme) {
  const auto executor = worker.io().get_executor();
  auto stream = [&] {
    if (accepted.association) return Stream{executor, std::move(accepted.association)};
    if (scheme == Scheme::sctp) return Stream::over_sctp(executor, std::move(accepted.socket));
    return Stream{executor, std::move(accepted.socket)};
  }();
  auto attended = std::make_unique<Attended>(*this, std::move(stream), worker, scheme);
  Connection& connection = attended->connection;
  Status ended = ok;
  const bool may_secure = scheme != Scheme::sctp;  // TLS needs a socket under it.
  if (may_secure && service_.tls_mode(scheme) != TlsMode::never)
    ended = co_await secure(connection);
  if (ended) ended = co_await service_.on_connection(connection);
  if (ended && connection.resident())
    live_on(std::move(attended), Resident::After::begin);
  else
    co_await see_off(std::move(attended), std::move(ended));
}

void Server::Attended::woken(std::unique_ptr<Sleeper> self, Status outcome) {
  std::unique_ptr<Attended> attended{static_cast<Attended*>(self.release())};
  if (outcome || connection.draining())
    server.live_on(std::move(attended), Resident::After::readable);
  else
    asio::co_spawn(connection.worker().io(),
                   server.see_off(std::move(attended), std::move(outcome)), rethrow);
}

/// No coroutine, and none stays behind while nothing happens: this is what an idle connection
/// costs.
void Server::live_on(std::unique_ptr<Attended> attended, Resident::After after) {
  asio::io_context& io = attended->connection.worker().io();
  if (!sleep_or_end(attended, after)) asio::co_spawn(io, rest(std::move(attended)), rethrow);
}

/// False: it is to rest first.
bool Server::sleep_or_end(std::unique_ptr<Attended>& attended, Resident::After after) {
  Connection& connection = attended->connection;
  for (;;) {
    const Result<Resident::Next> next = connection.resident()->go_on(after);
    Status ended = next ? ok : Status{next.error()};
    if (next && *next == Resident::Next::rest) return false;
    if (next && *next == Resident::Next::readable) {
      std::unique_ptr<Sleeper> sleeper = std::move(attended);
      std::optional<Status> known = connection.stream().sleep_until_readable(sleeper);
      if (!known) return true;
      attended.reset(static_cast<Attended*>(sleeper.release()));
      after = Resident::After::readable;
      if (connection.draining()) continue;
      if (*known) {
        // Others of this thread have their turn before what TLS has read already.
        asio::post(connection.worker().io(), [this, attended = std::move(attended)]() mutable {
          live_on(std::move(attended), Resident::After::readable);
        });
        return true;
      }
      ended = std::move(*known);
    }
    asio::io_context& io = connection.worker().io();
    asio::co_spawn(io, see_off(std::move(attended), std::move(ended)), rethrow);
    return true;
  }
}

asio::awaitable<void> Server::rest(std::unique_ptr<Attended> attended) {
  do
    co_await attended->connection.resident()->rest();
  while (!sleep_or_end(attended, Resident::After::rest));
}

asio::awaitable<void> Server::see_off(std::unique_ptr<Attended> attended, Status ended) {
  Connection& connection = attended->connection;
  if (Resident* const resident = connection.resident()) {
    resident->finish(ended);
    connection.leave_to(nullptr);
  }
  end_of(connection, ended, std::chrono::steady_clock::now() - attended->begun);
  // A peer that was too slow or broke the stream gets no polite end.
  const bool orderly = ended || ended.error().code.category() == category();
  co_await connection.settle(!orderly);
  if (orderly && (ended || ended.error().code != Errc::timed_out))
    co_await connection.stream().close();
  else
    connection.stream().abort();
  if (serve_only_ != 0 && counters_.accepted >= serve_only_) drain();
}

asio::awaitable<Status> Server::secure(Connection& connection) {
  const TlsMode mode = service_.tls_mode(connection.scheme());
  const std::optional<TlsContext> context = tls();
  connection.await_greeting();
  if (mode == TlsMode::detect) {
    if (!context) co_return ok;
    if (service_.silence_limit)
      connection.stream().expire_in(service_.silence_limit(connection));
    else if (service_.takes_words)
      connection.await_first_byte();
    const Result<bool> tls = co_await connection.stream().begins_with_tls();
    const bool silent = !tls && tls.error().code == Errc::timed_out && service_.silence_limit;
    if (!tls && !silent) co_return tls.error();
    if (silent || !*tls) co_return ok;
    connection.await_greeting();
  }
  if (!context) co_return Error{Errc::refused, "offer TLS", "there is no certificate"};
  co_return co_await connection.stream().start_tls(*context, TlsSession::Side::server, {});
}

void Server::end_of(Connection& connection, const Status& ended, std::chrono::nanoseconds lasted) {
  const bool known = connection.introduced();
  const bool expected = ended || ended.error().code == Errc::closed;
  // Without a dialect nothing was served: a probe, a stalled handshake, or not our protocol.
  log_.event(known || expected ? log::Level::info : log::Level::warn,
             known ? "disconnect" : "refuse",
             {{"address", connection.peer().address},
              {"port", connection.peer().port},
              {"dialect", known ? connection.dialect() : "unknown"},
              {"active", counters_.active - 1},
              {"reason", ended ? "closed" : ended.error().message()},
              {"duration", lasted}});
}

}  // namespace netkit::net
