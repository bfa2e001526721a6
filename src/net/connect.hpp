// Connecting: names resolved without blocking, addresses of both families raced (RFC 8305), TLS on
// top where the scheme says so. For clients and for servers that connect to servers.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/ip/udp.hpp>
#include <chrono>
#include <optional>

#include "base/result.hpp"
#include "net/endpoint.hpp"
#include "net/sctp_choice.hpp"
#include "net/stream.hpp"
#include "net/tls.hpp"

namespace netkit::net {

/// Connects to a tcp, tls, sctp, ws, wss or unix endpoint that has scheme, host and port; for tls
/// and wss also agrees on TLS with `tls`, which must be given then. The WebSocket handshake is not
/// done here. All of it within `limit`. The error names the endpoint and says what to do. `sctp`
/// counts for sctp endpoints alone.
asio::awaitable<Result<Stream>> connect(const Endpoint& to, std::optional<TlsContext> tls,
                                        std::chrono::nanoseconds limit,
                                        SctpChoice sctp = SctpChoice::automatic);

/// A UDP socket that sends to and hears from the endpoint's first reachable address only.
asio::awaitable<Result<asio::ip::udp::socket>> connect_datagram(const Endpoint& to);

/// The order in which addresses are tried: families alternate, the resolver's first one leads
/// (RFC 8305, 4).
std::vector<asio::ip::address> interleave(const std::vector<asio::ip::address>& found);

}  // namespace netkit::net
