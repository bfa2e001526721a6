// What answers, for all connections and threads of one echo server: one loop a dialect, each small
// enough to be the file that other services start from. Knows no options.
#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <vector>

#include "access/credential.hpp"
#include "commands/echo/echo.hpp"
#include "log/fold.hpp"
#include "net/server.hpp"

namespace netkit::echo {

struct ServiceSettings {
  Framing framing = Framing::raw;
  std::size_t chunk_size_max = 0;    ///< Of one read of raw bytes.
  std::size_t reading_size_max = 0;  ///< Of one read of messages, which have bounds of their own.
  std::size_t message_size_max = 0;
};

class EchoService {
 public:
  EchoService(ServiceSettings settings, unsigned threads) : settings_{settings}, counts_(threads) {}

  /// From now on only who has a token is served. Before the first connection.
  void require(access::Guard& guard) { guard_ = &guard; }

  asio::awaitable<Status> serve(net::Connection& connection);
  asio::awaitable<Status> serve_datagrams(net::Datagram& datagram);
  net::TlsMode tls_mode(net::Scheme scheme) const;
  void flush(net::Worker& worker);

 private:
  class RawEcho;

  /// One worker's counts of the two hot events.
  struct Counts {
    log::Fold received;
    log::Fold sent;
  };

  asio::awaitable<Status> serve_framing(net::Connection& connection);
  asio::awaitable<Status> serve_guarded(net::Connection& connection);
  asio::awaitable<Status> serve_guarded_websocket(net::Connection& connection);
  asio::awaitable<Status> serve_raw(net::Connection& connection,
                                    std::unique_ptr<access::Visit> visit);
  asio::awaitable<Status> serve_frames(net::Connection& connection);
  asio::awaitable<Status> serve_len64(net::Connection& connection);
  asio::awaitable<Status> serve_lines(net::Connection& connection);
  asio::awaitable<Status> serve_websocket(net::Connection& connection);
  asio::awaitable<Status> serve_messages(net::Connection& connection);

  void count(net::Worker& worker, const net::PeerName& peer, std::size_t size);
  void count(net::Connection& connection, std::size_t size) {
    count(connection.worker(), connection.peer(), size);
  }

  const ServiceSettings settings_;
  access::Guard* guard_ = nullptr;
  std::vector<Counts> counts_;  // By worker, so that no two threads share one.
};

}  // namespace netkit::echo
