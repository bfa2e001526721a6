// The body of a request, piece by piece as it comes: of a known length or in chunks (RFC 9112, 6
// and 7.1). Collects nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "wire/http.hpp"

namespace netkit::filesrv {

/// What was found at the front of the bytes shown.
struct BodyPiece {
  std::size_t used = 0;    ///< May be dropped once `bytes` are done with; 0: more are needed.
  std::string_view bytes;  ///< Of the body; may be empty.
  bool ended = false;      ///< Behind `used` the next request begins.
};

class BodyDecoder {
 public:
  explicit BodyDecoder(const wire::HttpBody& body)
      : state_{body.chunked ? State::size : State::length},
        left_{body.content_length.value_or(0)} {}

  /// To be called until it has ended. Errc::malformed or Errc::too_large (lines of a chunk or a
  /// trailer) are final.
  Result<BodyPiece> next(std::span<const char> unread);

 private:
  enum class State : std::uint8_t { length, size, chunk, chunk_end, trailer };
  Result<BodyPiece> next_line(std::string_view unread);
  Status read_size(std::string_view line);

  State state_;
  std::uint64_t left_;  // Of the body, or of this chunk.
  std::size_t trailer_size_ = 0;
};

}  // namespace netkit::filesrv
