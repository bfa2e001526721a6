// Long texts in fewer bytes: the compiler writes frequent pairs of letters as one byte each, and
// what prints a text takes them apart again. For the manual, which is a third smaller so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace netkit::cli {

/// The 128 pairs; byte 128 + N of a packed text is pair N.
inline constexpr std::string_view text_pairs =
    "\n\n\n \n`   ( ` a b c f h i m n o p s u |# (1, --->.\n. 00162 32648 "
    ": ; A ONSTTETh` a adagalamanarasatbebocechckcoctd doe eaecedelem"
    "eneresevexf fig haiginisitkel laleliloman ndnenoo ocodofolomonop"
    "orosoupequr rerorvs seshsistswt tctethtitktotrunurutvewawhwiwny ";
static_assert(text_pairs.size() == 256);

void a_packed_text_is_ascii();  // Not defined: where it is called, the text does not compile.

/// Calls `take` for each byte of `text` as it is packed.
template <typename Take>
constexpr void pack_text(std::string_view text, Take take) {
  std::array<std::uint8_t, std::size_t{128} * 128> codes{};  // 0: no pair of ours.
  for (std::size_t i = 0; i < text_pairs.size(); i += 2)
    codes[static_cast<std::size_t>(text_pairs[i] * 128 + text_pairs[i + 1])] =
        static_cast<std::uint8_t>(128 + i / 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t letter = static_cast<unsigned char>(text[i]);
    const std::size_t next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (letter > 127 || next > 127) a_packed_text_is_ascii();
    const std::uint8_t code = codes[letter * 128 + next];
    take(code != 0 ? static_cast<char>(code) : text[i]);
    if (code != 0) ++i;
  }
}

consteval std::size_t packed_size(std::string_view text) {
  std::size_t size = 0;
  pack_text(text, [&](char) { ++size; });
  return size;
}

/// constexpr auto bytes = packed<packed_size(text)>(text);
template <std::size_t size>
consteval std::array<char, size> packed(std::string_view text) {
  std::array<char, size> bytes{};
  std::size_t at = 0;
  pack_text(text, [&](char byte) { bytes[at++] = byte; });
  return bytes;
}

template <std::size_t size>
constexpr std::string_view view_of(const std::array<char, size>& bytes) {
  return {bytes.data(), bytes.size()};
}

/// The text; one of ASCII that is not packed stays as it is.
std::string unpacked(std::string_view bytes);

}  // namespace netkit::cli
