// Hearing a client out, for the dialects whose messages are decoded without waiting: frames and
// WebSocket.
#pragma once

#include <string>
#include <utility>

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

/// What a client keeps of its conversation between two calls.
struct Pausing {
  bool held = false;  ///< Something that it said had to wait.
  bool stays = true;  ///< What rest() has returned.
};

/// Goes on as a net::Resident does: gives each message to `hear(message, out)`, which returns
/// Result<net::Flow> and answers by the session, not by `out`, until the peer ends the stream,
/// `hear` finishes, or an error. Does not read while the session pauses, which is for rest() to
/// wait for.
template <typename Decoder, typename Hear>
Result<net::Resident::Next> converse(net::Connection& connection, Session& session,
                                     Decoder& decoder, Hear hear, net::Resident::After after,
                                     Pausing& pausing) {
  using After = net::Resident::After;
  using Next = net::Resident::Next;
  using Received = net::Connection::Received;
  bool rested = after == After::rest;
  // What waited is lost with it; nothing may follow.
  if (rested && (!pausing.stays || (pausing.held && session.ended()))) return Next::end;
  // Something may have come while it rested.
  bool hears = after != After::readable;
  for (;; hears = true) {
    if (hears) {
      const Result<net::Flow> flow = hear_unread(connection.received(), session, decoder, hear);
      if (!flow) return flow.error();
      if (*flow == net::Flow::finish) return Next::end;
      pausing.held = session.holds() || session.is_full();
      // While the server drains a rest is over at once.
      const bool pauses = session.pause().count() > 0;
      if (pauses && !(std::exchange(rested, false) && connection.draining())) return Next::rest;
      if (pausing.held && session.ended()) return Next::end;
      if (pausing.held) continue;
    }
    const Result<Received> got = connection.try_receive();
    if (!got) return got.error();
    if (*got == Received::end) return Next::end;
    if (*got == Received::bytes) continue;
    connection.received().keep();
    return Next::readable;
  }
}

}  // namespace netkit::relay
