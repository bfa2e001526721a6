// WebSocket frames (RFC 6455, section 5) for both roles. Used by ws and wss streams once the
// handshake of wire/websocket_handshake.hpp is done; negotiates no extensions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/utf8.hpp"
#include "wire/decoded.hpp"

namespace netkit::wire {

// byte 0     FIN bit | RSV1..3, always 0 | opcode, 4 bits
// byte 1     MASK bit, set by clients alone | length, 7 bits: 0..125, 126: u16 follows, 127: u64
// 0, 2 or 8  length in network byte order, in its shortest form
// 0 or 4     masking key
// payload    length bytes, byte i XORed with key[i % 4]

enum class WebSocketOp : std::uint8_t {
  continuation = 0,  ///< Never delivered: fragments become one message.
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

/// Whose side of the connection the decoder is on: a server demands masked frames, a client
/// demands unmasked ones.
enum class WebSocketRole : std::uint8_t { server, client };

struct WebSocketMessage {
  WebSocketOp op = WebSocketOp::text;
  std::string_view body;  ///< Unmasked; of a text or a close reason: valid UTF-8.
};

/// Cuts messages out of a byte stream and unmasks them in place. A message of one frame is a view
/// into the caller's buffer; a fragmented one is put together inside the decoder, and its view
/// holds until the next call. Control frames between fragments are delivered as they come. What
/// follows a close is dropped unread.
/// Errors (see close_code): malformed for whatever the protocol forbids, not_utf8 at the first
/// impossible byte of a text, even while its frame is still arriving, too_large if a message, the
/// sum of its fragments, would exceed the limit, from the header alone.
class WebSocketDecoder {
 public:
  WebSocketDecoder(WebSocketRole role, std::size_t message_size_max) noexcept
      : message_size_max_{message_size_max}, role_{role} {}

  Result<Decoded<WebSocketMessage>> next(std::span<char> unread);

 private:
  struct Header;
  struct Refusal {
    Errc code{};
    const char* why = nullptr;  ///< Completes "cannot ..."; nullptr: nothing is wrong.
  };
  using Answer = Result<Decoded<WebSocketMessage>>;
  enum class Phase : std::uint8_t { open, closed, failed };

  /// The header of what most frames are: the whole of a client's message of less than 64 KiB, all
  /// of it there. Of any other frame, allowed or not, size 0: parse() knows the rules.
  Header usual_header(std::span<const char> unread) const;
  Refusal parse(std::span<const char> unread, Header& header) const;
  Refusal check_first_byte(const Header& header) const;
  bool take_payload(std::span<char> payload, const Header& header);
  Answer finish_control(const Header& header, std::string_view payload);
  Answer finish_fragment(const Header& header, std::string_view payload);
  Answer fail(Refusal refusal);
  Answer ended(std::size_t unread_size) const;
  bool is_text(WebSocketOp op) const noexcept {
    return op == WebSocketOp::text ||
           (op == WebSocketOp::continuation && fragmented_ == WebSocketOp::text);
  }

  std::size_t message_size_max_;
  std::size_t ready_ = 0;  ///< Payload bytes of the front frame already unmasked and checked.
  std::string assembled_;  ///< The fragments so far, or the message they made.
  Refusal failure_;
  Utf8Checker text_;
  WebSocketRole role_;
  Phase phase_ = Phase::open;
  WebSocketOp fragmented_ =
      WebSocketOp::continuation;  ///< What is being put together, if anything.
  bool delivered_ = false;        ///< assembled_ was delivered and is to be forgotten.
};

/// The body of a close message (RFC 6455, 7.1.5 and 7.1.6).
struct WebSocketClose {
  std::uint16_t code = 1005;  ///< 1005: the peer gave none.
  std::string_view reason;
};

/// Reads the body of a close message that a decoder delivered.
WebSocketClose websocket_close(std::string_view body) noexcept;

/// True for a code that may stand in a close frame (RFC 6455, 7.4, and the IANA registry).
bool is_close_code(std::uint16_t code) noexcept;

/// The code to close with after `failure`: 1002 protocol error, 1007 not UTF-8, 1009 too large,
/// 1001 stopped, 1008 refused, 1013 busy, 1011 for everything else.
std::uint16_t close_code(const std::error_code& failure) noexcept;

/// Appends the header of a frame with `payload_size` bytes. With a `mask_key` (clients: a fresh
/// random one for each frame) the payload that follows must have been through websocket_mask.
/// `final` is false for all but the last fragment.
void append_websocket_header(std::string& out, WebSocketOp op, std::size_t payload_size,
                             std::optional<std::uint32_t> mask_key = std::nullopt,
                             bool final = true);

/// XORs `payload` in place with the key, whose first byte on the wire is its most significant one.
/// `offset` is the position of payload's first byte in its frame. Masks and unmasks.
void websocket_mask(std::span<char> payload, std::uint32_t mask_key,
                    std::size_t offset = 0) noexcept;

/// Appends one whole frame. A server gives no `mask_key`.
void append_websocket(std::string& out, WebSocketOp op, std::string_view body,
                      std::optional<std::uint32_t> mask_key = std::nullopt);

/// Appends a close frame. `reason` is cut to the 123 bytes that fit, at the end of a character;
/// code 1005 makes an empty close, as it must not appear on the wire.
void append_websocket_close(std::string& out, std::uint16_t code, std::string_view reason,
                            std::optional<std::uint32_t> mask_key = std::nullopt);

}  // namespace netkit::wire
