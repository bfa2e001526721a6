// Numbers in network byte order, read from and written to raw bytes. Bytes are `char` everywhere:
// a view is a std::string_view, a changeable region a std::span<char>.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

namespace netkit {

/// Reads sizeof(T) bytes, most significant first; `from` must hold that many.
template <std::unsigned_integral T>
constexpr T load_be(const char* from) noexcept {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>(static_cast<std::uint64_t>(value) << 8 |
                           static_cast<unsigned char>(from[i]));
  return value;
}

/// Writes sizeof(T) bytes, most significant first; `to` must have room for them.
template <std::unsigned_integral T>
constexpr void store_be(char* to, T value) noexcept {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    to[i] = static_cast<char>(static_cast<std::uint64_t>(value) >> 8 * (sizeof(T) - 1 - i) & 0xff);
}

template <std::unsigned_integral T>
void append_be(std::string& to, T value) {
  char bytes[sizeof(T)];
  store_be(bytes, value);
  to.append(bytes, sizeof(T));
}

}  // namespace netkit
