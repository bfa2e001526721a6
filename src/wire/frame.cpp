// The frame codec; the field table stands in the header. A frame is cut out of the bytes it came
// in, never copied.
#include "wire/frame.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace netkit::wire {

Result<Decoded<Frame>> FrameDecoder::next(std::span<char> unread) const {
  const std::string_view bytes{unread.data(), unread.size()};
  if (bytes.substr(0, frame_magic.size()) != frame_magic.substr(0, bytes.size()))
    return Error{Errc::malformed, "read a frame without its magic"};
  if (bytes.size() > 3 && static_cast<std::uint8_t>(bytes[3]) != frame_version)
    return Error{Errc::wrong_version,
                 "read a frame of version " + std::to_string(static_cast<std::uint8_t>(bytes[3]))};
  if (bytes.size() < frame_header_size) return Decoded<Frame>{};

  // Checked before the body is awaited: a hostile length must not make the caller buffer it first.
  const auto length = load_be<std::uint32_t>(bytes.data() + 12);
  if (length > body_size_max_)
    return Error{Errc::too_large, "read a frame of " + std::to_string(length) + " bytes"};
  if (bytes.size() - frame_header_size < length) return Decoded<Frame>{};
  return Decoded<Frame>{
      frame_header_size + length,
      Frame{load_be<std::uint16_t>(bytes.data() + 4), load_be<std::uint16_t>(bytes.data() + 6),
            load_be<std::uint32_t>(bytes.data() + 8), bytes.substr(frame_header_size, length)}};
}

std::array<char, frame_header_size> frame_header(const Frame& frame) noexcept {
  std::array<char, frame_header_size> header;
  std::copy(frame_magic.begin(), frame_magic.end(), header.begin());
  store_be(header.data() + 3, frame_version);
  store_be(header.data() + 4, frame.type);
  store_be(header.data() + 6, frame.flags);
  store_be(header.data() + 8, frame.stream);
  store_be(header.data() + 12, static_cast<std::uint32_t>(frame.body.size()));
  return header;
}

void append_frame(std::string& out, const Frame& frame) {
  const auto header = frame_header(frame);
  out.append(header.data(), header.size()).append(frame.body);
}

std::size_t text_before_frame(std::string_view unread) noexcept {
  for (std::size_t at = unread.find(frame_magic[0]); at != std::string_view::npos;
       at = unread.find(frame_magic[0], at + 1)) {
    const std::string_view found = unread.substr(at, frame_magic.size());
    if (found == frame_magic.substr(0, found.size())) return at;
  }
  return unread.size();
}

}  // namespace netkit::wire
