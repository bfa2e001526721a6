// How a conversation in frames begins: at a server the hello, before anybody decides who goes on
// with the peer; at a client what comes before the first frame.
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "base/result.hpp"
#include "net/connection.hpp"
#include "net/receive_buffer.hpp"
#include "net/stream.hpp"
#include "wire/frame.hpp"

namespace netkit::net {

/// The body of the first frame, which is to be a hello, within the handshake limit. It stays in
/// received(): whoever goes on with the peer takes it. Errc::unexpected for another frame,
/// Errc::closed if the peer leaves first.
asio::awaitable<Result<std::string>> await_hello(Connection& connection,
                                                 const wire::FrameDecoder& decoder);

/// Takes it: the hello with that body.
void take_hello(Connection& connection, const std::string& body);

/// For clients: passes over what a server says to a peer that it took for a person, until a frame
/// begins. Errc::closed if none does.
asio::awaitable<Status> skip_text(Stream& stream, ReceiveBuffer& received);

}  // namespace netkit::net
