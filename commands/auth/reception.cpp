// Sniffing, with the 300 ms after which a silent peer is spoken to.
#include "commands/auth/reception.hpp"

#include <asio/ip/address.hpp>
#include <asio/steady_timer.hpp>

#include "net/spawn.hpp"
#include "net/worker.hpp"
#include "wire/sniff.hpp"

namespace netkit::auth {
namespace {

bool on_this_machine(const net::Connection& connection) {
  if (connection.scheme() == net::Scheme::unix_) return true;
  std::error_code failed;
  const auto address = asio::ip::make_address(connection.peer().address, failed);
  return !failed && address.is_loopback();
}

}  // namespace

Caller Reception::caller_of(net::Connection& connection) const {
  Caller caller;
  caller.address = connection.peer().address;
  caller.port = connection.peer().port;
  caller.local = on_this_machine(connection);
  caller.admin_socket =
      connection.scheme() == net::Scheme::unix_ && connection.stream().local_path() == admin_path_;
  caller.exposed = !caller.local && !connection.is_secure();
  return caller;
}

asio::awaitable<Status> Reception::serve(net::Connection& connection) {
  const net::Scheme scheme = connection.scheme();
  if (scheme == net::Scheme::ws || scheme == net::Scheme::wss)
    co_return co_await serve_web(connection);
  connection.await_greeting();
  for (;;) {
    const std::span<const char> bytes = connection.received().unread();
    const auto dialect = wire::sniff({bytes.data(), bytes.size()});
    if (dialect == wire::Dialect::frame) co_return co_await serve_frames(connection);
    if (dialect == wire::Dialect::http) co_return co_await serve_web(connection);
    if (dialect) co_return Error{Errc::unexpected, "speak anything but frames so far"};
    connection.received().keep();
    const Result<bool> more = co_await connection.receive();
    if (!more) co_return more.error();
    if (!*more) co_return ok;
  }
}

}  // namespace netkit::auth
