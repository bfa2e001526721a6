// What a peer that speaks frames says first, before anybody decides who goes on with it.
#pragma once

#include <asio/awaitable.hpp>
#include <string>

#include "base/result.hpp"
#include "net/connection.hpp"
#include "wire/frame.hpp"

namespace netkit::net {

/// The body of the first frame, which is to be a hello, within the handshake limit. It stays in
/// received(): whoever goes on with the peer takes it. Errc::unexpected for another frame,
/// Errc::closed if the peer leaves first.
asio::awaitable<Result<std::string>> await_hello(Connection& connection,
                                                 const wire::FrameDecoder& decoder);

/// Takes it: the hello with that body.
void take_hello(Connection& connection, const std::string& body);

}  // namespace netkit::net
