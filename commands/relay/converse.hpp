// Hearing a client out, for the dialects whose messages are decoded without waiting: frames and
// WebSocket.
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "commands/relay/service.hpp"
#include "commands/relay/session.hpp"
#include "net/connection.hpp"

namespace netkit::relay {

/// As net::handle_unread(), but what follows a message that has to wait stays unread, and so does
/// what a client asks that does not take its answers.
template <typename Decoder, typename Hear>
Result<net::Flow> hear_unread(net::ReceiveBuffer& received, const Session& session,
                              Decoder& decoder, Hear& hear) {
  std::string nothing;
  while (!received.empty() && !session.holds() && !session.is_full()) {
    auto decoded = decoder.next(received.unread());
    if (!decoded) return decoded.error();
    if (!decoded->message && decoded->used == 0) break;
    Result<net::Flow> flow = net::Flow::go_on;
    if (decoded->message) flow = hear(*decoded->message, nothing);
    received.consume(decoded->used);
    if (!flow || *flow == net::Flow::finish) return flow;
  }
  return net::Flow::go_on;
}

/// Gives each message to `hear(message, out)`, which returns Result<net::Flow> and answers by the
/// session, not by `out`, until the peer ends the stream, `hear` finishes, or an error. Does not
/// read while the session pauses.
template <typename Decoder, typename Hear>
asio::awaitable<Status> converse(net::Connection& connection, Session& session, Decoder& decoder,
                                 Hear hear) {
  using Received = net::Connection::Received;
  for (;;) {
    const Result<net::Flow> flow = hear_unread(connection.received(), session, decoder, hear);
    if (!flow) co_return flow.error();
    if (*flow == net::Flow::finish) co_return ok;
    const bool held = session.holds() || session.is_full();
    if (session.pause().count() > 0) {
      const bool stays = co_await rest(connection, session);
      if (!stays) co_return ok;
    }
    if (held) {
      if (session.ended()) co_return ok;  // What waited is lost with it; nothing may follow.
      continue;
    }
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
