// The dialects of the file server.
#include "commands/filesrv/reception.hpp"

#include "net/dialect.hpp"
#include "wire/sniff.hpp"

namespace netkit::filesrv {
namespace {

/// People think about what to type; those who never say anything are not to keep others' places.
constexpr std::chrono::seconds first_byte_limit{60};
/// What waits in the kernel for one who reads slowly. With 5,000 of them and full send buffers the
/// machine's memory for TCP (net.ipv4.tcp_mem) was used up, and all others were slow, too.
constexpr int unsent_max = 128 * 1024;

}  // namespace

asio::awaitable<Status> Reception::serve(net::Connection& connection) {
  const net::Scheme scheme = connection.scheme();
  connection.stream().limit_unsent(unsent_max);
  if (scheme == net::Scheme::ws || scheme == net::Scheme::wss)
    co_return co_await serve_web(connection);
  connection.limit_silence(std::min<std::chrono::nanoseconds>(first_byte_limit, idle_limit_));
  const bool waited =
      offers_tls_ && !connection.is_secure() && connection.scheme() == net::Scheme::tcp;
  // Nothing is said to who is silent: what nc prints is data.
  const auto nothing = [] {};
  const Result<wire::Dialect> dialect = co_await net::tell_dialect(connection, waited, nothing);
  connection.limit_silence(idle_limit_);
  if (!dialect) co_return dialect.error();
  switch (*dialect) {
    case wire::Dialect::frame: co_return co_await serve_frames(connection);
    case wire::Dialect::http: co_return co_await serve_web(connection);
    case wire::Dialect::len64: co_return co_await serve_text(connection, true);
    case wire::Dialect::line: co_return co_await serve_text(connection, false);
    case wire::Dialect::tls: break;
  }
  co_return Error{Errc::unexpected, "speak TLS here", "it is switched off"};
}

}  // namespace netkit::filesrv
