// Writes one JSON object a line (NDJSON, RFC 8259). For log lines and for stdout under --json;
// never reads. Text that is not UTF-8 gets U+FFFD for each stray byte.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace netkit {

/// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& to, std::string_view text);

/// Builds one flat or nested object; keys are ours (snake_case, never escaped).
class JsonObject {
 public:
  JsonObject() : text_{"{"} {}

  JsonObject& add(std::string_view key, std::string_view value);
  JsonObject& add(std::string_view key, const char* value) {
    return add(key, std::string_view{value});
  }
  JsonObject& add(std::string_view key, bool value) {
    return add_raw(key, value ? "true" : "false");
  }
  JsonObject& add(std::string_view key, double value);  ///< NaN and infinities become null.
  template <std::integral T>
  JsonObject& add(std::string_view key, T value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    return add_raw(key, {digits, static_cast<std::size_t>(end - digits)});
  }
  /// `json` is a complete JSON value already.
  JsonObject& add_raw(std::string_view key, std::string_view json);

  /// The object on one line, without a line end.
  std::string str() const { return text_ + "}"; }

 private:
  std::string text_;
};

}  // namespace netkit
