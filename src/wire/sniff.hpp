// Tells from a connection's first bytes which dialect its peer speaks. Used by every listener that
// serves several on one port; consumes nothing, and is asked again with more bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace netkit::wire {

/// `http` covers WebSocket, which begins as an HTTP request.
enum class Dialect : std::uint8_t { tls, frame, len64, line, http };

/// sniff() always decides when it is shown this many bytes; a caller never waits for more.
inline constexpr std::size_t sniff_size_max = 1024;

/// The dialect that `first_bytes` (everything since the connection began) belong to; nullopt while
/// more than one is possible. The answer does not depend on how the bytes were cut into pieces.
///   tls    16 03
///   frame  F7 4E 4B
///   len64  64 bytes, digits then spaces; any other byte among them (LF too) makes it a line
///   http   METHOD SP TARGET SP HTTP/1.x CR LF, METHOD of 1..16 capitals, TARGET `*` or beginning
///          with `/`, `http://` or `https://`; also when the look-ahead ends inside such a TARGET,
///          so that the HTTP decoder can refuse it as too long
///   line   everything else, from the first byte that rules the others out
/// The first bytes decide however late they come. The clock is the caller's: a peer silent for
/// 300 ms is served as `line` meanwhile, and its first bytes are still shown to sniff().
std::optional<Dialect> sniff(std::string_view first_bytes) noexcept;

/// "tls", "frame", "len64", "line", "http": the names used in events.
std::string_view to_text(Dialect dialect) noexcept;

}  // namespace netkit::wire
