// The one UTF-8 check (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF), and cutting
// between characters. Used by the WebSocket, line and log code and by whatever takes names from
// strangers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace netkit {

/// Fed a text in pieces; says at the first impossible byte that it is not UTF-8.
class Utf8Checker {
 public:
  /// False as soon as the bytes so far cannot begin a valid text; false is final.
  bool feed(std::string_view bytes) noexcept;

  /// True if the text may end here: valid so far and not inside a character.
  bool complete() const noexcept { return missing_ == 0; }

  void reset() noexcept { *this = {}; }

 private:
  bool step(unsigned char byte) noexcept;

  static constexpr std::uint8_t broken = 255;
  std::uint8_t missing_ = 0;  ///< Bytes until the character begun is whole, or `broken`.
  std::uint8_t low_ = 0x80;   ///< The next byte of that character is at least this,
  std::uint8_t high_ = 0xbf;  ///< and at most this.
};

bool is_utf8(std::string_view text) noexcept;

/// The most of `text`'s beginning that has at most `size_max` bytes and does not end inside a
/// character. Of what is no UTF-8 it leaves out three bytes more at the most.
std::string_view utf8_prefix(std::string_view text, std::size_t size_max) noexcept;

/// The same of `text`'s end: it does not begin inside a character.
std::string_view utf8_suffix(std::string_view text, std::size_t size_max) noexcept;

}  // namespace netkit
