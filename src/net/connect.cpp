// Happy eyeballs: a new attempt every 250 ms or as soon as one fails; the first to connect wins.
#include "net/connect.hpp"

#include <algorithm>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "net/limits.hpp"
#include "net/resolve.hpp"
#include "net/sctp_dial.hpp"
#include "net/spawn.hpp"

namespace netkit::net {
namespace {

using Clock = std::chrono::steady_clock;
using Address = asio::ip::address;

Error failure(const Error& error, const Endpoint& to) {
  const std::error_code& code = error.code;
  std::string hint = error.hint;
  // ENOENT: the socket file of unix:PATH. Asio's own category does not map it to std::errc.
  const std::error_code no_file{ENOENT, asio::error::get_system_category()};
  if (code == asio::error::connection_refused || code == no_file)
    hint = "is the server running, and is the port right?";
  else if (code == Errc::timed_out)
    hint = "is the host up, and does a firewall drop the port?";
  else if (code == Errc::name_not_found)
    hint = "check the spelling, or give an address";
  else if (code == asio::error::access_denied || code == asio::error::no_permission)
    hint = to.scheme == Scheme::unix_
               ? "connect as the user who owns the socket, or have its mode changed"
               : "a rule of this machine forbids it";
  else if (code == asio::error::host_unreachable || code == asio::error::network_unreachable)
    hint = "there is no route to it";
  return {code, "connect to " + to_text(to), hint};
}

/// The race of one connect(). Shared by its attempts, so that the losers may end later.
struct Race {
  explicit Race(const asio::any_io_executor& executor) : changed{executor} {}

  std::optional<asio::ip::tcp::socket> winner;
  std::vector<std::shared_ptr<asio::ip::tcp::socket>> runners;
  std::size_t running = 0;
  std::error_code last_failure;
  asio::steady_timer changed;  // Cancelled to wake the race when an attempt has ended.
};

asio::awaitable<void> attempt(std::shared_ptr<Race> race, asio::ip::tcp::endpoint to) {
  auto socket = std::make_shared<asio::ip::tcp::socket>(co_await asio::this_coro::executor);
  race->runners.push_back(socket);
  std::error_code failed;
  co_await socket->async_connect(to, into(failed));
  --race->running;
  if (failed)
    race->last_failure = failed;
  else if (!race->winner)
    race->winner = std::move(*socket);
  race->changed.cancel();
}

asio::awaitable<Result<Stream>> connect_ip(const Endpoint& to, Clock::time_point until) {
  auto found = co_await resolve(to, until);
  if (!found) co_return found.error();
  const std::vector<Address> addresses = interleave(*found);

  const auto executor = co_await asio::this_coro::executor;
  const auto race = std::make_shared<Race>(executor);
  std::size_t started = 0;
  while (!race->winner && Clock::now() < until && (started < addresses.size() || race->running)) {
    Clock::time_point wake = until;
    if (started < addresses.size()) {
      ++race->running;
      asio::co_spawn(executor, attempt(race, {addresses[started++], *to.port}), rethrow);
      if (started < addresses.size()) wake = std::min(until, Clock::now() + attempt_delay);
    }
    race->changed.expires_at(wake);
    std::error_code woken;  // Either way there is news: time has passed or an attempt has ended.
    co_await race->changed.async_wait(into(woken));
  }
  std::error_code ignored;
  for (const auto& runner : race->runners)
    runner->close(ignored);
  if (race->winner) {
    Stream stream{Stream::Socket{std::move(*race->winner)}};
    stream.tune();
    co_return stream;
  }
  co_return race->running > 0 || !race->last_failure ? make_error_code(Errc::timed_out)
                                                     : race->last_failure;
}

asio::awaitable<Result<Stream>> connect_sctp(const Endpoint& to, SctpChoice choice,
                                             Clock::time_point until) {
  SctpHosts hosts;
  const std::vector<Endpoint> each = single_hosts(to);
  for (const Endpoint& host : each) {
    auto found = co_await resolve(host, until);
    if (!found) co_return found.error();
    hosts.push_back(std::move(*found));
  }
  co_return co_await dial_sctp(std::move(hosts), *to.port, SctpSettings{}, choice, until);
}

asio::awaitable<Result<Stream>> connect_unix(const Endpoint& to) {
  asio::local::stream_protocol::socket socket{co_await asio::this_coro::executor};
  std::error_code failed;
  co_await socket.async_connect(asio::local::stream_protocol::endpoint{to.path}, into(failed));
  if (failed) co_return Error{failed};
  co_return Stream{Stream::Socket{std::move(socket)}};
}

}  // namespace

std::vector<Address> interleave(const std::vector<Address>& found) {
  std::vector<Address> first;
  std::vector<Address> second;
  for (const Address& each : found)
    (each.is_v6() == found.front().is_v6() ? first : second).push_back(each);
  std::vector<Address> order;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) order.push_back(first[i]);
    if (i < second.size()) order.push_back(second[i]);
  }
  return order;
}

asio::awaitable<Result<Stream>> connect(const Endpoint& to, std::optional<TlsContext> tls,
                                        std::chrono::nanoseconds limit, SctpChoice sctp) {
  const Clock::time_point until =
      Clock::now() + std::min<std::chrono::nanoseconds>(limit, std::chrono::hours{24});
  // Several statements: g++ 12 destroys the temporary of a conditional co_await too early.
  Result<Stream> stream;
  if (to.scheme == Scheme::unix_)
    stream = co_await connect_unix(to);
  else if (to.scheme == Scheme::sctp)
    stream = co_await connect_sctp(to, sctp, until);
  else
    stream = co_await connect_ip(to, until);
  if (!stream) co_return failure(stream.error(), to);

  if (to.scheme == Scheme::tls || to.scheme == Scheme::wss) {
    if (!tls) co_return Error{Errc::refused, "connect to " + to_text(to), "TLS is switched off"};
    stream->expire_in(until - Clock::now());
    Status agreed = co_await stream->start_tls(*tls, TlsSession::Side::client, to.host);
    if (!agreed) {
      const Error& why = agreed.error();
      co_return Error{why.code, "agree on TLS with " + to_text(to), why.hint};
    }
    stream->expire_never();
  }
  co_return std::move(*stream);
}

asio::awaitable<Result<asio::ip::udp::socket>> connect_datagram(const Endpoint& to) {
  auto addresses = co_await resolve(to, Clock::now() + connect_limit);
  if (!addresses) co_return failure(addresses.error(), to);
  std::error_code failed;
  for (const Address& address : *addresses) {
    asio::ip::udp::socket socket{co_await asio::this_coro::executor};
    socket.connect({address, *to.port}, failed);
    if (!failed) co_return std::move(socket);
  }
  co_return failure(Error{failed}, to);
}

}  // namespace netkit::net
