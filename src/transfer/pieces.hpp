// Cuts the frames of a transfer out of a byte stream. What a file consists of is handed on as it
// comes, so that nobody keeps a chunk until it is whole; all other frames come whole.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "transfer/messages.hpp"
#include "wire/decoded.hpp"
#include "wire/frame.hpp"

namespace netkit::transfer {

/// A whole frame, or bytes of a `data` frame and where they belong.
struct Piece {
  wire::Frame frame;  ///< Of data: type, stream and the bytes that are here.
  std::uint64_t offset = 0;
  bool is_data() const { return frame.type == frame_type::data; }
};

/// Errors are final: FrameDecoder's; Errc::malformed for data that is empty, crosses the end of a
/// chunk or lies beyond file_size_max; Errc::too_large for another frame over `body_size_max`.
class PieceDecoder {
 public:
  explicit PieceDecoder(std::uint32_t body_size_max) noexcept : whole_{body_size_max} {}

  Result<wire::Decoded<Piece>> next(std::span<char> unread);

 private:
  Result<wire::Decoded<Piece>> begin_data(std::span<char> unread);

  const wire::FrameDecoder whole_;
  std::uint64_t offset_ = 0;  // Of the next byte of the data frame at hand.
  std::uint32_t left_ = 0;    // Bytes of it that are to come; 0: a header is next.
  std::uint32_t stream_ = 0;
};

}  // namespace netkit::transfer
