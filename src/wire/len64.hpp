// The dialect of the original systems: the length in ASCII in a field of 64 bytes, then the body.
// Used by every server that knows the dialect and by our own client of it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "wire/decoded.hpp"

namespace netkit::wire {

// offset  field    type   meaning
//      0  length   ASCII  1..64 decimal digits, then spaces up to 64 bytes
//     64  body     length bytes
// A server of the original systems replies with the bare bytes of its text, without a length.

inline constexpr std::size_t len64_header_size = 64;

/// Cuts bodies out of a byte stream. Keeps no state between calls.
/// Errors: malformed (anything but digits, then spaces; told at the first wrong byte), too_large
/// (over the limit or over 64 bits, from the header alone).
class Len64Decoder {
 public:
  explicit Len64Decoder(std::size_t body_size_max) noexcept : body_size_max_{body_size_max} {}

  Result<Decoded<std::string_view>> next(std::span<char> unread) const;

 private:
  std::size_t body_size_max_;
};

/// Appends header and body to `out`.
void append_len64(std::string& out, std::string_view body);

}  // namespace netkit::wire
