// Control sequences of xterm and its kin (ECMA-48, 5.4), by a table.
#include "cli/terminal_keys.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/code_point.hpp"

namespace netkit::cli {

std::wstring widen(std::string_view text) {
  std::wstring wide;
  while (!text.empty()) {
    const CodePoint point = decode_code_point(text);
    if (point.size > 0) wide += static_cast<wchar_t>(point.value);
    text.remove_prefix(std::max<std::size_t>(point.size, 1));
  }
  return wide;
}

std::string narrow(std::wstring_view text) {
  std::string bytes;
  for (const wchar_t letter : text) {
    const auto value = static_cast<std::uint32_t>(letter);
    const auto add = [&](std::uint32_t byte) { bytes += static_cast<char>(byte); };
    if (value < 0x80) {
      add(value);
    } else if (value < 0x800) {
      add(0xc0 | value >> 6);
      add(0x80 | (value & 0x3f));
    } else if (value < 0x10000) {
      add(0xe0 | value >> 12);
      add(0x80 | (value >> 6 & 0x3f));
      add(0x80 | (value & 0x3f));
    } else {
      add(0xf0 | value >> 18);
      add(0x80 | (value >> 12 & 0x3f));
      add(0x80 | (value >> 6 & 0x3f));
      add(0x80 | (value & 0x3f));
    }
  }
  return bytes;
}

namespace {

constexpr std::size_t sequence_max = 16;
constexpr wchar_t escape = escape_key;

struct Sequence {
  std::wstring_view typed;  ///< Without the escape.
  wchar_t means;            ///< 0: escape and `then`.
  wchar_t then = 0;
};

constexpr std::array<Sequence, 22> sequences{{
    {L"[A", control('P')}, {L"OA", control('P')}, {L"[B", control('N')},  {L"OB", control('N')},
    {L"[C", control('F')}, {L"OC", control('F')}, {L"[D", control('B')},  {L"OD", control('B')},
    {L"[H", control('A')}, {L"OH", control('A')}, {L"[1~", control('A')}, {L"[7~", control('A')},
    {L"[F", control('E')}, {L"OF", control('E')}, {L"[4~", control('E')}, {L"[8~", control('E')},
    {L"[3~", delete_key},  {L"[1;5C", 0, L'f'},   {L"[1;5D", 0, L'b'},    {L"[1;3C", 0, L'f'},
    {L"[1;3D", 0, L'b'},   {L"\x7f", 0, 0x7f},
}};

/// How many characters the key at the front takes; 0: more must come.
std::size_t key_size(std::wstring_view typed) {
  if (typed[0] != escape) return 1;
  if (typed.size() < 2) return 0;
  if (typed[1] == L'O') return typed.size() < 3 ? 0 : 3;
  if (typed[1] != L'[') return 2;
  for (std::size_t i = 2; i < typed.size(); ++i)
    if ((typed[i] >= 0x40 && typed[i] <= 0x7e) || i >= sequence_max) return i + 1;
  return 0;
}

/// What the key is to us; empty: nothing.
std::wstring meaning_of(std::wstring_view key) {
  if (key[0] != escape) {
    const bool is_control = key[0] < 0x20 || key[0] == 0x7f;
    const bool is_shown = is_safe_to_show(static_cast<char32_t>(key[0])) && key[0] != delete_key;
    return is_control || is_shown ? std::wstring{key} : std::wstring{};
  }
  for (const Sequence& each : sequences)
    if (each.typed == key.substr(1))
      return each.means != 0 ? std::wstring{each.means} : std::wstring{escape, each.then};
  const bool known =
      key.size() == 2 && std::wstring_view{L"bfdcul"}.find(key[1]) != std::wstring_view::npos;
  return known ? std::wstring{key} : std::wstring{};
}

}  // namespace

void KeyReader::type(std::string_view bytes) {
  half_ += bytes;
  std::string_view left = half_;
  while (!left.empty()) {
    const CodePoint point = decode_code_point(left);
    // The rest of a character may come later; four bytes that are none never will be one.
    if (point.size == 0 && left.size() < 4 && (left[0] & 0xc0) == 0xc0) break;
    if (point.size > 0) typed_ += static_cast<wchar_t>(point.value);
    left.remove_prefix(std::max<std::size_t>(point.size, 1));
  }
  half_.erase(0, half_.size() - left.size());
}

std::optional<std::wstring> KeyReader::next() {
  while (!typed_.empty()) {
    const std::size_t size = key_size(typed_);
    if (size == 0) return std::nullopt;
    std::wstring key = meaning_of(std::wstring_view{typed_}.substr(0, size));
    typed_.erase(0, size);
    if (!key.empty()) return key;
  }
  return std::nullopt;
}

}  // namespace netkit::cli
