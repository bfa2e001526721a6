// Tells which dialect a peer speaks on a port that takes several, while it may still be silent.
// Every server of more than one dialect begins its connections by this.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>

#include "base/result.hpp"
#include "net/connection.hpp"
#include "wire/sniff.hpp"

namespace netkit::net {

/// True for unix sockets and loopback: nobody on the way reads or loses packets.
bool is_on_this_machine(const Connection& connection);

/// How long a peer may say nothing before it is taken for a person with nc: Service::silence_limit.
std::chrono::nanoseconds silence_limit(const Connection& connection);

/// Reads until wire::sniff() has decided; the bytes stay in received(). A peer that has begun to
/// speak has the handshake limit to go on. Errc::closed if it leaves first.
asio::awaitable<Result<wire::Dialect>> tell_dialect(Connection& connection);

/// The same. Calls `on_silence` once if the peer said nothing for silence_limit(), which has passed
/// already where `tls_was_awaited`.
asio::awaitable<Result<wire::Dialect>> tell_dialect(Connection& connection, bool tls_was_awaited,
                                                    std::function<void()> on_silence);

/// Why TLS is not agreed on with a peer whose dialect was told to be that. `offered`: it is, to who
/// begins it before the silence is over.
Error no_tls_here(bool offered);

}  // namespace netkit::net
