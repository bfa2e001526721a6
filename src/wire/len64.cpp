// The len64 codec; the field table stands in the header. A body is cut out of the bytes it came in,
// never copied.
#include "wire/len64.hpp"

#include <charconv>
#include <cstdint>
#include <limits>

namespace netkit::wire {

Result<Decoded<std::string_view>> Len64Decoder::next(std::span<char> unread) const {
  const std::string_view bytes{unread.data(), unread.size()};
  const std::string_view header = bytes.substr(0, len64_header_size);
  std::uint64_t length = 0;
  bool overflow = false;
  std::size_t digits = 0;
  for (; digits < header.size() && header[digits] >= '0' && header[digits] <= '9'; ++digits) {
    const auto digit = static_cast<std::uint64_t>(header[digits] - '0');
    overflow |= length > (std::numeric_limits<std::uint64_t>::max() - digit) / 10;
    length = length * 10 + digit;
  }
  // The whole field is read before its value counts, so that the error does not depend on how the
  // bytes came.
  if (header.find_first_not_of(' ', digits) != std::string_view::npos ||
      (digits == 0 && !header.empty()))
    return Error{Errc::malformed, "read a length of digits and spaces"};
  if (header.size() < len64_header_size) return Decoded<std::string_view>{};
  if (overflow || length > body_size_max_)
    return Error{Errc::too_large,
                 "read a message of " + std::string{header.substr(0, digits)} + " bytes"};

  if (bytes.size() - len64_header_size < length) return Decoded<std::string_view>{};
  const auto body_size = static_cast<std::size_t>(length);
  return Decoded<std::string_view>{len64_header_size + body_size,
                                   bytes.substr(len64_header_size, body_size)};
}

void append_len64(std::string& out, std::string_view body) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, body.size()).ptr;
  const auto size = static_cast<std::size_t>(end - digits);
  out.append(digits, size).append(len64_header_size - size, ' ').append(body);
}

}  // namespace netkit::wire
