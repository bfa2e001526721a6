// What a link's frames travel on: a stream, or binary WebSocket messages with whole frames inside.
// Knows nothing of what they say.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "net/stream.hpp"
#include "net/websocket.hpp"
#include "wire/frame.hpp"

namespace netkit::relay {

/// A bundle of one largest record, and what stands around it.
inline constexpr std::uint32_t carried_size_max = 2 * 1024 * 1024;
inline constexpr std::string_view link_subprotocol = "netkit.link";

/// One coroutine may receive while another sends.
class LinkCarrier {
 public:
  virtual ~LinkCarrier() = default;
  /// The next frame; its body holds until the next call. Errc::closed at the peer's end.
  virtual asio::awaitable<Result<wire::Frame>> next() = 0;
  /// Sends whole frames.
  virtual asio::awaitable<Status> send(std::string_view frames) = 0;
  virtual net::Stream& stream() = 0;
};

/// Frames as they are. `received` was read from the stream already; text before the first frame is
/// passed over. The stream must outlive what is made.
std::unique_ptr<LinkCarrier> carry_plainly(net::Stream& stream, std::string_view received);
/// The server's side of a WebSocket after its handshake; the same.
std::unique_ptr<LinkCarrier> carry_by_messages(net::Stream& stream, std::string_view received);
/// The client's side.
std::unique_ptr<LinkCarrier> carry_by_messages(net::WebSocketClient client);

}  // namespace netkit::relay
