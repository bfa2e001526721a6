// Hearing a client out, for the dialects whose messages are decoded without waiting: frames and
// WebSocket.
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "commands/relay/service.hpp"
#include "commands/relay/session.hpp"
#include "net/connection.hpp"

namespace netkit::relay {

/// Gives each message to `hear(message, out)`, which returns Result<net::Flow> and answers by the
/// session, not by `out`, until the peer ends the stream, `hear` finishes, or an error. Does not
/// read while the session pauses.
template <typename Decoder, typename Hear>
asio::awaitable<Status> converse(net::Connection& connection, Session& session, Decoder& decoder,
                                 Hear hear) {
  using Received = net::Connection::Received;
  std::string nothing;
  for (;;) {
    const Result<net::Flow> flow =
        net::handle_unread(connection.received(), decoder, hear, nothing);
    if (!flow) co_return flow.error();
    if (*flow == net::Flow::finish) co_return ok;
    if (session.pause().count() > 0) co_await rest(connection, session);
    Result<Received> got = connection.try_receive();
    while (got && *got == Received::nothing_yet) {
      connection.received().keep();
      const Status waited = co_await connection.readable();
      if (!waited && !connection.draining()) co_return waited.error();
      got = connection.try_receive();
    }
    if (!got) co_return got.error();
    if (*got == Received::end) co_return ok;
  }
}

}  // namespace netkit::relay
