// One character at a time out of bytes that may be anything. For the code that makes foreign text
// safe to show (text, json, log); never allocates, never fails, knows no locale.
#pragma once

#include <cstddef>
#include <string_view>

namespace netkit {

/// The character a text starts with.
struct CodePoint {
  char32_t value = 0;
  std::size_t size = 0;  ///< Bytes it takes, 1..4; 0: the first byte starts no valid character.
};

/// Decodes the first character of `text` by RFC 3629 (no overlong forms, no surrogates, at most
/// U+10FFFF); `text` must not be empty. On size 0 the caller goes on one byte later.
CodePoint decode_code_point(std::string_view text) noexcept;

/// False for what can forge a line, drive a terminal or reorder or hide text: C0, DEL and C1
/// controls, line and paragraph separators, direction marks and overrides, invisible and tag
/// characters, noncharacters.
bool is_safe_to_show(char32_t point) noexcept;

}  // namespace netkit
