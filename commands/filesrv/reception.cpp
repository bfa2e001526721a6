// The dialects of the file server.
#include "commands/filesrv/reception.hpp"

#include "net/dialect.hpp"
#include "wire/sniff.hpp"

namespace netkit::filesrv {
namespace {

/// What waits in the kernel for one who reads slowly. With 5,000 of them and full send buffers the
/// machine's memory for TCP (net.ipv4.tcp_mem) was used up, and all others were slow, too.
constexpr int unsent_max = 128 * 1024;

}  // namespace

asio::awaitable<Status> Reception::serve(net::Connection& connection) {
  const net::Scheme scheme = connection.scheme();
  connection.stream().limit_unsent(unsent_max);
  if (scheme == net::Scheme::ws || scheme == net::Scheme::wss)
    co_return co_await serve_web(connection);
  connection.await_first_byte();
  // Nothing is said to who is silent: what nc prints is data.
  const Result<wire::Dialect> dialect = co_await net::tell_dialect(connection);
  if (!dialect) co_return dialect.error();
  connection.touch();
  switch (*dialect) {
    case wire::Dialect::frame: co_return co_await serve_frames(connection);
    case wire::Dialect::http: co_return co_await serve_web(connection);
    case wire::Dialect::len64: co_return co_await serve_text(connection, true);
    case wire::Dialect::line: co_return co_await serve_text(connection, false);
    case wire::Dialect::tls: break;
  }
  co_return net::no_tls_here(false);
}

}  // namespace netkit::filesrv
