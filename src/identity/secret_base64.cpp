// Six bits a letter, most significant first.
#include "identity/secret_base64.hpp"

namespace netkit::identity {
namespace {

/// The 62nd and 63rd letters are all that differs.
struct Ends {
  char plus;
  char slash;
};

Ends ends_of(Base64 alphabet) {
  return alphabet == Base64::url ? Ends{'-', '_'} : Ends{'+', '/'};
}

char letter(unsigned value, Ends ends) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  if (value < letters.size()) return letters[value];
  return value == 62 ? ends.plus : ends.slash;
}

/// 64 for what is no letter.
unsigned value_of(char c, Ends ends) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a' + 26);
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0' + 52);
  if (c == ends.plus) return 62;
  return c == ends.slash ? 63 : 64;
}

}  // namespace

std::string to_base64(std::string_view bytes, Base64 alphabet) {
  const Ends ends = ends_of(alphabet);
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  unsigned bits = 0;
  unsigned held = 0;
  for (const char byte : bytes) {
    bits = (bits << 8 | static_cast<unsigned char>(byte)) & 0xffff;
    for (held += 8; held >= 6; held -= 6)
      text += letter(bits >> (held - 6) & 63, ends);
  }
  if (held != 0) text += letter(bits << (6 - held) & 63, ends);
  return text;
}

std::optional<std::string> from_base64(std::string_view text, Base64 alphabet) {
  if (text.size() % 4 == 1) return std::nullopt;
  const Ends ends = ends_of(alphabet);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const unsigned value = value_of(c, ends);
    if (value > 63) return std::nullopt;
    bits = (bits << 6 | value) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xff);
  }
  if ((bits & ((1u << held) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace netkit::identity
