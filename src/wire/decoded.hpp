// The shape that every decoder of this layer answers in. A decoder is fed bytes, does no I/O,
// reads no clock and keeps no copy of a message that lies whole in the caller's buffer.
#pragma once

#include <cstddef>
#include <optional>

namespace netkit::wire {

/// What `Result<Decoded<M>> next(std::span<char> unread)` found at the front of `unread`.
///
/// The caller owns the receive buffer and shows all bytes it has not dropped. A decoder may change
/// them in place; the caller shows them again as they were left, perhaps at another address and
/// with more behind. `used` bytes may be dropped once the caller is done with `message`, whose
/// views point into them (or into the decoder, until its next call).
///   used > 0, message:     a whole message; call again with what is left.
///   used > 0, no message:  bytes that are done with; call again with what is left.
///   used == 0, no message: more bytes are needed.
/// An error is final: the connection can only be closed. Work is linear in the number of bytes,
/// however they are cut into pieces, and a size is checked as soon as its header is there.
template <typename M>
struct Decoded {
  std::size_t used = 0;
  std::optional<M> message;
};

}  // namespace netkit::wire
