// What a terminal sends when keys are pressed, cut into keys. Pure; for the line editor.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace netkit::cli {

inline constexpr wchar_t escape_key = 0x1b;
/// A private character, which nobody types.
inline constexpr wchar_t delete_key = 0xf8ff;
/// What Ctrl and a letter send.
constexpr wchar_t control(char letter) {
  return letter & 0x1f;
}

/// Of stray bytes and of what is no character nothing is left.
std::wstring widen(std::string_view text);
std::string narrow(std::wstring_view text);

class KeyReader {
 public:
  void type(std::string_view bytes);
  /// The next whole key: a character that can be shown, a control character (cursor keys are those
  /// that mean the same in emacs' way), delete_key, or the escape key and a letter, which is what
  /// Alt sends. Sequences that mean nothing here are left out.
  std::optional<std::wstring> next();
  /// The front of a key is there; the rest comes at once, or the escape key alone was pressed.
  bool has_half() const { return !typed_.empty(); }
  void give_up() { typed_.clear(); }

 private:
  std::wstring typed_;
  std::string half_;  // Of a character.
};

}  // namespace netkit::cli
