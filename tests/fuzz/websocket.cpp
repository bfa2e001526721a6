// Fuzzes the WebSocket codec: cuts, limit, valid text and closes, and that encoded messages are
// read back by both roles. Input: one byte for the cuts, one for role and limit, then a byte
// stream.
#include "wire/websocket.hpp"

#include "base/utf8.hpp"
#include "tests/support/feed.hpp"

using namespace netkit;

namespace {

constexpr std::uint32_t mask_key = 0x37fa213d;

/// The message as an unmasked frame: also what a server would send.
std::string encode(const wire::WebSocketMessage& message) {
  if (message.op == wire::WebSocketOp::text)
    tests::demand(is_utf8(message.body), "a text is UTF-8");
  if (message.op == wire::WebSocketOp::close && !message.body.empty()) {
    const wire::WebSocketClose close = wire::websocket_close(message.body);
    tests::demand(wire::is_close_code(close.code) && is_utf8(close.reason), "a close is valid");
  }
  std::string out;
  wire::append_websocket(out, message.op, message.body);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  const auto role = (data[1] & 1) != 0 ? wire::WebSocketRole::client : wire::WebSocketRole::server;
  const std::size_t limit = (data[1] >> 1) * std::size_t{32};
  const tests::Fed fed =
      tests::feed_every_way(wire::WebSocketDecoder{role, limit}, bytes, data[0], encode);
  tests::demand(!fed.error || wire::close_code(fed.error) != 1011, "each error has its code");

  // What was decoded, encoded again for either role, decodes to the same.
  std::string from_server;
  std::string from_client;
  for (const std::string& frame : fed.messages) {
    from_server += frame;
    std::string copy = frame;
    wire::WebSocketDecoder client{wire::WebSocketRole::client, limit};
    const auto message = client.next(copy);
    tests::demand(message && message->message.has_value(), "a limit holds for what was encoded");
    wire::append_websocket(from_client, message->message->op, message->message->body, mask_key);
  }
  const wire::WebSocketDecoder client{wire::WebSocketRole::client, limit};
  const wire::WebSocketDecoder server{wire::WebSocketRole::server, limit};
  tests::demand(
      tests::feed_every_way(client, from_server, data[0], encode).messages == fed.messages,
      "decode(encode(x)) == x at a client");
  tests::demand(
      tests::feed_every_way(server, from_client, data[0], encode).messages == fed.messages,
      "decode(encode(x)) == x at a server");
  return 0;
}
