// Strings and numbers in JSON (RFC 8259). What could drive a terminal is written as \uXXXX, which
// means the same to every reader.
#include "base/json.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/code_point.hpp"
#include "base/text.hpp"

namespace netkit {
namespace {

void append_code_unit(std::string& to, std::uint32_t unit) {
  constexpr char digits[] = "0123456789abcdef";
  to += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4)
    to += digits[unit >> shift & 15];
}

void append_escaped(std::string& to, char32_t point) {
  switch (point) {
    case '"': to += "\\\""; return;
    case '\\': to += "\\\\"; return;
    case '\b': to += "\\b"; return;
    case '\f': to += "\\f"; return;
    case '\n': to += "\\n"; return;
    case '\r': to += "\\r"; return;
    case '\t': to += "\\t"; return;
    default: break;
  }
  if (point < 0x10000) return append_code_unit(to, point);
  append_code_unit(to, 0xd800 + ((point - 0x10000) >> 10));
  append_code_unit(to, 0xdc00 + ((point - 0x10000) & 0x3ff));
}

}  // namespace

void append_json_string(std::string& to, std::string_view text) {
  to += '"';
  while (!text.empty()) {
    const CodePoint point = decode_code_point(text);
    if (point.size == 0) {
      to += "\xef\xbf\xbd";  // U+FFFD
      text.remove_prefix(1);
      continue;
    }
    if (point.value == '"' || point.value == '\\' || !is_safe_to_show(point.value))
      append_escaped(to, point.value);
    else
      to += text.substr(0, point.size);
    text.remove_prefix(point.size);
  }
  to += '"';
}

JsonObject& JsonObject::add_raw(std::string_view key, std::string_view json) {
  if (text_.size() > 1) text_ += ',';
  text_ += '"';
  text_ += key;
  text_ += "\":";
  text_ += json;
  return *this;
}

JsonObject& JsonObject::add(std::string_view key, std::string_view value) {
  add_raw(key, {});
  append_json_string(text_, value);
  return *this;
}

JsonObject& JsonObject::add(std::string_view key, double value) {
  if (!std::isfinite(value)) return add_raw(key, "null");
  return add_raw(key, to_text(value));
}

}  // namespace netkit
