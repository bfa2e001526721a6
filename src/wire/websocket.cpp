// The WebSocket decoder and encoder; the field table stands in the header. The one pass over a
// payload unmasks it and notes whether it is ASCII, so that most text needs no second look.
#include "wire/websocket.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace netkit::wire {
namespace {

constexpr std::size_t control_size_max = 125;  // RFC 6455, 5.5
constexpr std::size_t close_reason_size_max = control_size_max - 2;

bool is_control(WebSocketOp op) noexcept {
  return (static_cast<unsigned>(op) & 8) != 0;
}

/// The four bytes of a masking key as they stand in memory, beginning with byte `offset % 4`.
std::uint32_t rotated(std::uint32_t key_in_memory, std::size_t offset) noexcept {
  const int bits = static_cast<int>(offset % 4 * 8);
  return std::endian::native == std::endian::little ? std::rotr(key_in_memory, bits)
                                                    : std::rotl(key_in_memory, bits);
}

using Narrow = std::uint64_t __attribute__((vector_size(16)));
using Wide = std::uint64_t __attribute__((vector_size(32)));

/// XORs whole vectors and leaves in `bytes` the rest; answers all bits that any of the outcome has.
/// Vectors are spelled out because -O2 does not vectorise a loop of unknown length.
template <typename Lanes>
[[gnu::always_inline]] inline std::uint64_t mask_vectors(std::span<char>& bytes,
                                                         std::uint64_t key) noexcept {
  constexpr std::size_t width = sizeof(Lanes);
  const Lanes keys = Lanes{} + key;
  Lanes seen{};
  const auto mask_at = [&seen, keys](char* to) {
    Lanes lanes;
    std::memcpy(&lanes, to, width);
    lanes ^= keys;
    seen |= lanes;
    std::memcpy(to, &lanes, width);
  };
  char* to = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 4 * width; to += 4 * width, left -= 4 * width) {
    mask_at(to);
    mask_at(to + width);
    mask_at(to + 2 * width);
    mask_at(to + 3 * width);
  }
  for (; left >= width; to += width, left -= width)
    mask_at(to);
  bytes = bytes.last(left);
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < width / sizeof all; ++i)
    all |= seen[i];
  return all;
}

#if defined(__x86_64__)
constexpr std::size_t wide_size_min = 512;  // Below, the call costs what the vectors save.

[[gnu::target("avx2")]] std::uint64_t mask_wide(std::span<char>& bytes,
                                                std::uint64_t key) noexcept {
  return mask_vectors<Wide>(bytes, key);
}
#endif

/// XORs `bytes` with `key`, four bytes as they stand in memory; true if the outcome is all ASCII.
bool mask_in_place(std::span<char> bytes, std::uint32_t key) noexcept {
  const std::uint64_t twice = key * std::uint64_t{0x100000001};
  std::uint64_t seen = 0;
#if defined(__x86_64__)
  if (bytes.size() >= wide_size_min && __builtin_cpu_supports("avx2"))
    seen = mask_wide(bytes, twice);
#endif
  seen |= mask_vectors<Narrow>(bytes, twice);
  char* at = bytes.data();
  std::size_t left = bytes.size();
  if (left >= sizeof twice) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    word ^= twice;
    seen |= word;
    std::memcpy(at, &word, sizeof word);
    at += sizeof word;
    left -= sizeof word;
  }
  char key_bytes[8];
  std::memcpy(key_bytes, &twice, sizeof key_bytes);
  for (std::size_t i = 0; i < left; ++i) {
    at[i] = static_cast<char>(at[i] ^ key_bytes[i % 4]);
    seen |= static_cast<unsigned char>(at[i]);
  }
  return (seen & 0x8080808080808080) == 0;
}

}  // namespace

struct WebSocketDecoder::Header {
  WebSocketOp op = WebSocketOp::continuation;
  bool final = false;
  std::uint8_t size = 0;   // 0 while bytes of the header are missing
  std::uint32_t mask = 0;  // as it stands in memory
  std::uint64_t length = 0;
};

// What a usual frame passes is inlined into next(): calls cost a quarter of the time that a message
// of 64 bytes takes.
[[gnu::always_inline]] inline WebSocketDecoder::Header WebSocketDecoder::usual_header(
    std::span<const char> unread) const {
  constexpr std::size_t size_max = 8;
  if (role_ != WebSocketRole::server || fragmented_ != WebSocketOp::continuation ||
      unread.size() < size_max)
    return {};
  const auto op = static_cast<WebSocketOp>(static_cast<unsigned char>(unread[0]) ^ 0x80);
  if (op != WebSocketOp::text && op != WebSocketOp::binary) return {};
  std::size_t length = static_cast<unsigned char>(unread[1]) ^ 0x80u;  // Above 127 if unmasked.
  std::size_t size = size_max - 2;
  if (length == 126) {
    length = load_be<std::uint16_t>(unread.data() + 2);
    if (length < 126) return {};
    size = size_max;
  } else if (length > 126) {
    return {};
  }
  if (length > message_size_max_ || length > unread.size() - size) return {};
  Header header{.op = op, .final = true, .size = static_cast<std::uint8_t>(size), .length = length};
  std::memcpy(&header.mask, unread.data() + size - sizeof header.mask, sizeof header.mask);
  return header;
}

WebSocketDecoder::Refusal WebSocketDecoder::check_first_byte(const Header& header) const {
  switch (header.op) {
    case WebSocketOp::continuation:
      if (fragmented_ == WebSocketOp::continuation)
        return {Errc::malformed, "read a WebSocket continuation of nothing"};
      return {};
    case WebSocketOp::text:
    case WebSocketOp::binary:
      if (fragmented_ != WebSocketOp::continuation)
        return {Errc::malformed, "read a WebSocket message inside a fragmented one"};
      return {};
    case WebSocketOp::close:
    case WebSocketOp::ping:
    case WebSocketOp::pong:
      if (!header.final) return {Errc::malformed, "read a fragmented WebSocket control frame"};
      return {};
  }
  return {Errc::malformed, "read a WebSocket frame with a reserved opcode"};
}

WebSocketDecoder::Refusal WebSocketDecoder::parse(std::span<const char> unread,
                                                  Header& header) const {
  if (unread.empty()) return {};
  const auto byte = [&unread](std::size_t at) { return static_cast<unsigned char>(unread[at]); };
  header.op = static_cast<WebSocketOp>(byte(0) & 0x0f);
  header.final = (byte(0) & 0x80) != 0;
  if ((byte(0) & 0x70) != 0) return {Errc::malformed, "read a WebSocket frame with reserved bits"};
  if (const Refusal refusal = check_first_byte(header); refusal.why) return refusal;

  if (unread.size() < 2) return {};
  const bool masked = (byte(1) & 0x80) != 0;
  if (masked != (role_ == WebSocketRole::server))
    return {Errc::malformed,
            masked ? "read a masked WebSocket frame" : "read an unmasked WebSocket frame"};
  header.length = byte(1) & 0x7f;
  if (is_control(header.op) && header.length > control_size_max)
    return {Errc::malformed, "read a WebSocket control frame of more than 125 bytes"};
  if (header.op == WebSocketOp::close && header.length == 1)
    return {Errc::malformed, "read half a WebSocket close code"};

  std::size_t size = 2;
  if (header.length == 126) {
    if (unread.size() < 4) return {};
    header.length = load_be<std::uint16_t>(unread.data() + 2);
    if (header.length < 126) return {Errc::malformed, "read a WebSocket length in a longer form"};
    size = 4;
  } else if (header.length == 127) {
    if (unread.size() < 10) return {};
    header.length = load_be<std::uint64_t>(unread.data() + 2);
    if (header.length <= 0xffff)
      return {Errc::malformed, "read a WebSocket length in a longer form"};
    size = 10;
  }
  // Checked before the payload is awaited: a hostile length must not make anyone buffer it first.
  // What is assembled never exceeds the limit, so the difference cannot wrap.
  if (!is_control(header.op) && header.length > message_size_max_ - assembled_.size())
    return {Errc::too_large, "read a WebSocket message"};

  if (masked) {
    if (unread.size() < size + 4) return {};
    std::memcpy(&header.mask, unread.data() + size, sizeof header.mask);
    size += 4;
  }
  header.size = static_cast<std::uint8_t>(size);
  return {};
}

[[gnu::always_inline]] inline bool WebSocketDecoder::take_payload(std::span<char> payload,
                                                                  const Header& header) {
  const std::span<char> fresh = payload.subspan(ready_);
  bool ascii = false;
  if (role_ == WebSocketRole::server) ascii = mask_in_place(fresh, rotated(header.mask, ready_));
  ready_ = payload.size();
  if (!is_text(header.op) || (ascii && text_.complete())) return true;
  return text_.feed({fresh.data(), fresh.size()});
}

Result<Decoded<WebSocketMessage>> WebSocketDecoder::next(std::span<char> unread) {
  if (delivered_) [[unlikely]] {
    // Given back rather than kept: a connection that idles after one large message holds nothing.
    assembled_ = std::string{};
    delivered_ = false;
  }
  if (phase_ != Phase::open) [[unlikely]]
    return ended(unread.size());
  Header header = usual_header(unread);
  if (header.size == 0) {
    Header parsed;
    if (const Refusal refusal = parse(unread, parsed); refusal.why) return fail(refusal);
    if (parsed.size == 0) return Decoded<WebSocketMessage>{};
    header = parsed;
  }

  const std::size_t arrived = unread.size() - header.size;
  const bool whole = arrived >= header.length;
  const std::span<char> payload =
      unread.subspan(header.size, whole ? static_cast<std::size_t>(header.length) : arrived);
  if (!take_payload(payload, header)) return fail({Errc::not_utf8, "read a WebSocket text"});
  if (!whole) return Decoded<WebSocketMessage>{};

  ready_ = 0;
  const std::string_view body{payload.data(), payload.size()};
  if (is_control(header.op)) return finish_control(header, body);
  if (!header.final || header.op == WebSocketOp::continuation) return finish_fragment(header, body);
  if (header.op == WebSocketOp::text && !text_.complete())
    return fail({Errc::not_utf8, "read a WebSocket text that ends inside a character"});
  return Decoded<WebSocketMessage>{header.size + body.size(), WebSocketMessage{header.op, body}};
}

WebSocketDecoder::Answer WebSocketDecoder::finish_control(const Header& header,
                                                          std::string_view payload) {
  if (header.op == WebSocketOp::close) {
    const WebSocketClose close = websocket_close(payload);
    if (!payload.empty() && !is_close_code(close.code))
      return fail({Errc::malformed, "read a WebSocket close with a reserved code"});
    if (!is_utf8(close.reason)) return fail({Errc::not_utf8, "read a WebSocket close reason"});
    phase_ = Phase::closed;
  }
  return Decoded<WebSocketMessage>{header.size + payload.size(),
                                   WebSocketMessage{header.op, payload}};
}

WebSocketDecoder::Answer WebSocketDecoder::finish_fragment(const Header& header,
                                                           std::string_view payload) {
  const std::size_t used = header.size + payload.size();
  const std::size_t wanted = assembled_.size() + payload.size();
  if (wanted > assembled_.capacity())
    assembled_.reserve(std::max(wanted, std::min(2 * assembled_.capacity(), message_size_max_)));
  assembled_.append(payload);
  if (!header.final) {
    if (header.op != WebSocketOp::continuation) fragmented_ = header.op;
    return Decoded<WebSocketMessage>{used, std::nullopt};
  }
  if (fragmented_ == WebSocketOp::text && !text_.complete())
    return fail({Errc::not_utf8, "read a WebSocket text that ends inside a character"});
  delivered_ = true;
  const WebSocketOp op = std::exchange(fragmented_, WebSocketOp::continuation);
  return Decoded<WebSocketMessage>{used, WebSocketMessage{op, assembled_}};
}

WebSocketDecoder::Answer WebSocketDecoder::fail(Refusal refusal) {
  phase_ = Phase::failed;
  failure_ = refusal;
  assembled_ = std::string{};
  return Error{refusal.code, refusal.why};
}

WebSocketDecoder::Answer WebSocketDecoder::ended(std::size_t unread_size) const {
  if (phase_ == Phase::failed) return Error{failure_.code, failure_.why};
  return Decoded<WebSocketMessage>{unread_size, std::nullopt};
}

WebSocketClose websocket_close(std::string_view body) noexcept {
  if (body.size() < 2) return {};
  return {load_be<std::uint16_t>(body.data()), body.substr(2)};
}

bool is_close_code(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

std::uint16_t close_code(const std::error_code& failure) noexcept {
  if (failure.category() != category()) return 1011;
  switch (static_cast<Errc>(failure.value())) {
    case Errc::malformed:
    case Errc::wrong_version:
    case Errc::unexpected: return 1002;
    case Errc::not_utf8: return 1007;
    case Errc::too_large: return 1009;
    case Errc::stopped: return 1001;
    case Errc::refused: return 1008;
    case Errc::busy: return 1013;
    default: return 1011;
  }
}

void websocket_mask(std::span<char> payload, std::uint32_t mask_key, std::size_t offset) noexcept {
  char bytes[4];
  store_be(bytes, mask_key);
  std::uint32_t in_memory = 0;
  std::memcpy(&in_memory, bytes, sizeof in_memory);
  mask_in_place(payload, rotated(in_memory, offset));
}

void append_websocket_header(std::string& out, WebSocketOp op, std::size_t payload_size,
                             std::optional<std::uint32_t> mask_key, bool final) {
  const std::size_t first = (final ? 0x80u : 0u) | static_cast<unsigned>(op);
  const std::size_t mask_bit = mask_key ? 0x80 : 0;
  // In whole numbers: bytes that are stored one by one and loaded together stall a processor.
  if (payload_size < 126) {
    append_be(out, static_cast<std::uint16_t>(first << 8 | mask_bit | payload_size));
  } else if (payload_size <= 0xffff) {
    append_be(out, static_cast<std::uint32_t>(first << 24 | (mask_bit | 126) << 16 | payload_size));
  } else {
    append_be(out, static_cast<std::uint16_t>(first << 8 | mask_bit | 127));
    append_be(out, std::uint64_t{payload_size});
  }
  if (mask_key) append_be(out, *mask_key);
}

void append_websocket(std::string& out, WebSocketOp op, std::string_view body,
                      std::optional<std::uint32_t> mask_key) {
  append_websocket_header(out, op, body.size(), mask_key);
  out.append(body);
  if (mask_key) websocket_mask({out.data() + out.size() - body.size(), body.size()}, *mask_key);
}

void append_websocket_close(std::string& out, std::uint16_t code, std::string_view reason,
                            std::optional<std::uint32_t> mask_key) {
  if (!is_close_code(code)) return append_websocket(out, WebSocketOp::close, {}, mask_key);
  if (!is_utf8(reason)) reason = {};
  std::string body;
  append_be(body, code);
  body += utf8_prefix(reason, close_reason_size_max);
  append_websocket(out, WebSocketOp::close, body, mask_key);
}

}  // namespace netkit::wire
