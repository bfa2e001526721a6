// The UTF-8 check: ASCII in strides of 16 bytes, whole characters at once, and byte by byte only
// where a piece of text begins or ends inside a character.
#include "base/utf8.hpp"

#include <cstring>

namespace netkit {
namespace {

const char* skip_ascii(const char* at, const char* end) noexcept {
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  while (end - at >= 16) {
    std::uint64_t words[2];
    std::memcpy(words, at, sizeof words);
    if (((words[0] | words[1]) & high_bits) != 0) break;
    at += sizeof words;
  }
  while (at != end && static_cast<unsigned char>(*at) < 0x80)
    ++at;
  return at;
}

bool within(char byte, unsigned low, unsigned high) noexcept {
  const unsigned value = static_cast<unsigned char>(byte);
  return value >= low && value <= high;
}

/// What may follow a lead byte of E0..F4: the second byte alone has narrower bounds, against
/// overlong forms, surrogates and what lies above U+10FFFF (RFC 3629, section 4).
unsigned second_low(unsigned lead) noexcept {
  return lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
}
unsigned second_high(unsigned lead) noexcept {
  return lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
}

/// The size of the character at `at`, which is not ASCII; 0 if it is invalid or cut off.
std::size_t whole_character(const char* at, const char* end) noexcept {
  const auto room = end - at;
  const unsigned lead = static_cast<unsigned char>(*at);
  if (lead < 0xe0) return lead >= 0xc2 && room >= 2 && within(at[1], 0x80, 0xbf) ? 2 : 0;
  const std::size_t size = lead < 0xf0 ? 3 : 4;
  if (lead > 0xf4 || room < static_cast<std::ptrdiff_t>(size)) return 0;
  const bool valid = within(at[1], second_low(lead), second_high(lead)) &&
                     within(at[2], 0x80, 0xbf) && (size == 3 || within(at[3], 0x80, 0xbf));
  return valid ? size : 0;
}

/// Of a character, all bytes but the first; there are three of them at the most.
bool is_continuation(char byte) noexcept {
  return within(byte, 0x80, 0xbf);
}
constexpr std::size_t continuation_max = 3;

}  // namespace

bool Utf8Checker::step(unsigned char byte) noexcept {
  if (missing_ != 0) {
    const bool fits = byte >= low_ && byte <= high_;
    missing_ = fits ? static_cast<std::uint8_t>(missing_ - 1) : broken;
    low_ = 0x80;
    high_ = 0xbf;
    return fits;
  }
  if (byte < 0x80) return true;
  if (byte < 0xc2 || byte > 0xf4) {
    missing_ = broken;
    return false;
  }
  missing_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  low_ = static_cast<std::uint8_t>(second_low(byte));
  high_ = static_cast<std::uint8_t>(second_high(byte));
  return true;
}

bool Utf8Checker::feed(std::string_view bytes) noexcept {
  if (missing_ == broken) return false;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  for (; missing_ != 0 && at != end; ++at)
    if (!step(static_cast<unsigned char>(*at))) return false;

  while ((at = skip_ascii(at, end)) != end) {
    // A run of characters beyond ASCII is the rule in most scripts, so it is followed to its end.
    std::size_t size = 0;
    while (at != end && static_cast<unsigned char>(*at) >= 0x80) {
      size = whole_character(at, end);
      if (size == 0) break;
      at += size;
    }
    if (size != 0) continue;
    for (; at != end; ++at)
      if (!step(static_cast<unsigned char>(*at))) return false;
    return true;
  }
  return true;
}

bool is_utf8(std::string_view text) noexcept {
  Utf8Checker checker;
  return checker.feed(text) && checker.complete();
}

std::string_view utf8_prefix(std::string_view text, std::size_t size_max) noexcept {
  if (text.size() <= size_max) return text;
  std::size_t end = size_max;
  while (end > 0 && size_max - end < continuation_max && is_continuation(text[end]))
    --end;
  return text.substr(0, end);
}

std::string_view utf8_suffix(std::string_view text, std::size_t size_max) noexcept {
  if (text.size() <= size_max) return text;
  text.remove_prefix(text.size() - size_max);
  for (std::size_t left = continuation_max; left > 0 && !text.empty(); --left) {
    if (!is_continuation(text.front())) break;
    text.remove_prefix(1);
  }
  return text;
}

}  // namespace netkit
