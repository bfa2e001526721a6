// Takes the fields of messages off the front of their bytes. After the first
// failure every field is empty, so that a decoder checks once, at its end.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/code_point.hpp"
#include "base/result.hpp"
#include "base/utf8.hpp"

namespace netkit::wire {

/// Whether a name can be shown as it is: UTF-8 without controls and what reorders or hides text.
inline bool is_plain_name(std::string_view name) noexcept {
  while (!name.empty()) {
    const auto first = static_cast<unsigned char>(name.front());
    if (first >= 0x20 && first < 0x7f) {
      name.remove_prefix(1);
      continue;
    }
    const CodePoint point = decode_code_point(name);
    if (point.size == 0 || !is_safe_to_show(point.value)) return false;
    name.remove_prefix(point.size);
  }
  return true;
}

class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) noexcept : rest_{bytes} {}

  template <std::unsigned_integral T>
  T number() noexcept {
    const std::string_view bytes = take(sizeof(T));
    return bytes.empty() ? T{} : load_be<T>(bytes.data());
  }
  /// Exactly `size` bytes; `size` is not 0.
  std::string_view take(std::size_t size) noexcept {
    if (failed_ || rest_.size() < size) {
      failed_ = true;
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  /// str8 that is a name; an empty one fails unless `may_be_empty`.
  std::string_view name(bool may_be_empty = false) noexcept {
    const std::string_view value = str8();
    if (!is_plain_name(value) || (value.empty() && !may_be_empty)) failed_ = true;
    return failed_ ? std::string_view{} : value;
  }
  /// str8 that is a text.
  std::string_view short_text() noexcept { return checked(str8()); }
  /// All that is left, a text.
  std::string_view text() noexcept { return checked(rest()); }
  std::string_view rest() noexcept {
    const std::string_view value = failed_ ? std::string_view{} : rest_;
    rest_ = {};
    return value;
  }
  std::size_t left() const noexcept { return failed_ ? 0 : rest_.size(); }
  bool failed() const noexcept { return failed_; }
  /// Errc::not_utf8 for a text that is none, Errc::malformed for all else that failed.
  Status outcome() const {
    if (!failed_) return ok;
    return not_utf8_ ? Errc::not_utf8 : Errc::malformed;
  }
  /// Nothing failed and nothing is left.
  bool done() const noexcept { return !failed_ && rest_.empty(); }

 private:
  std::string_view checked(std::string_view text) noexcept {
    if (!failed_ && !is_utf8(text)) failed_ = not_utf8_ = true;
    return failed_ ? std::string_view{} : text;
  }
  std::string_view str8() noexcept {
    const std::size_t size = number<std::uint8_t>();
    return size == 0 ? std::string_view{} : take(size);
  }

  std::string_view rest_;
  bool failed_ = false;
  bool not_utf8_ = false;
};

inline constexpr std::size_t str8_size_max = 255;

/// A longer text is cut between characters.
inline void append_str8(std::string& to, std::string_view text) {
  const std::string_view fitting =
      text.size() <= str8_size_max ? text : utf8_prefix(text, str8_size_max);
  to += static_cast<char>(fitting.size());
  to += fitting;
}

}  // namespace netkit::wire
