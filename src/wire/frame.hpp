// The framing between netkit programs: a fixed header of 16 bytes, then the body. Used by every
// service and client; knows nothing of what a service's types mean.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "wire/decoded.hpp"

namespace netkit::wire {

// offset  field    type  meaning
//      0  magic    u24   F7 4E 4B: "\xF7NK"; F7 never occurs in UTF-8, so no text looks like it
//      3  version  u8    1
//      4  type     u16   what the body is: 0..15 below, 16 and above belong to the service
//      6  flags    u16   defined by the type; 0 where it defines none
//      8  stream   u32   which conversation of the connection; 0 is the connection itself
//     12  length   u32   bytes of body that follow
//     16  body     length bytes
// Numbers are in network byte order (big-endian).

inline constexpr std::size_t frame_header_size = 16;
inline constexpr std::string_view frame_magic = "\xF7NK";
inline constexpr std::uint8_t frame_version = 1;

/// The types that mean the same in every service.
namespace frame_type {
inline constexpr std::uint16_t data = 0;            ///< Bytes or text of the service.
inline constexpr std::uint16_t hello = 1;           ///< The first frame of each side.
inline constexpr std::uint16_t error = 2;           ///< Why the sender refuses or gives up.
inline constexpr std::uint16_t goodbye = 3;         ///< The sender's last frame.
inline constexpr std::uint16_t ping = 4;            ///< Asks for a pong with the same body.
inline constexpr std::uint16_t pong = 5;            ///< Answers a ping.
inline constexpr std::uint16_t service_first = 16;  ///< A service's own types begin here.
}  // namespace frame_type

struct Frame {
  std::uint16_t type = frame_type::data;
  std::uint16_t flags = 0;
  std::uint32_t stream = 0;
  std::string_view body;
};

/// Cuts frames out of a byte stream. Keeps no state between calls.
/// Errors: malformed (wrong magic, told at the first wrong byte), wrong_version, too_large (from
/// the header alone).
class FrameDecoder {
 public:
  explicit FrameDecoder(std::uint32_t body_size_max) noexcept : body_size_max_{body_size_max} {}

  Result<Decoded<Frame>> next(std::span<char> unread) const;

 private:
  std::uint32_t body_size_max_;
};

/// The header of `frame`, for a gather write before its body, which must not exceed 2^32 - 1 bytes.
std::array<char, frame_header_size> frame_header(const Frame& frame) noexcept;

/// Appends header and body to `out`.
void append_frame(std::string& out, const Frame& frame);

/// The number of bytes at the front of `unread` that cannot begin a frame: a client drops them
/// while it waits for the server's first frame, which text may precede.
std::size_t text_before_frame(std::string_view unread) noexcept;

}  // namespace netkit::wire
