// Puts events into words. Every value is escaped here and nowhere else.
#include "log/line.hpp"

#include <charconv>
#include <cmath>
#include <type_traits>

#include "base/code_point.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

namespace netkit::log {
namespace {

bool is_plain(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = decode_code_point(text);
    if (point.size == 0 || !is_safe_to_show(point.value)) return false;
    if (point.value == ' ' || point.value == '"' || point.value == '=' || point.value == '\\')
      return false;
    text.remove_prefix(point.size);
  }
  return true;
}

void append_text_value(std::string& to, std::string_view text) {
  const std::string_view shown = utf8_prefix(text, value_size_max);
  const bool whole = shown.size() == text.size();
  if (!shown.empty() && is_plain(shown)) {
    to += shown;
    if (!whole) to += "...";
    return;
  }
  to += '"';
  for (const char letter : escape_for_display(shown)) {
    if (letter == '"') to += '\\';
    to += letter;
  }
  to += whole ? "\"" : "...\"";
}

template <typename T>
void append_number(std::string& to, T number) {
  if constexpr (std::is_floating_point_v<T>) {
    to += netkit::to_text(static_cast<double>(number));
  } else {
    char digits[32];
    to.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  }
}

/// "1.23ms": what people read, without the space that would need quotes.
void append_duration(std::string& to, Duration duration) {
  for (const char letter : to_people(duration))
    if (letter != ' ') to += letter;
}

struct AppendText {
  std::string& to;
  void operator()(std::string_view text) const { append_text_value(to, text); }
  void operator()(bool yes) const { to += yes ? "true" : "false"; }
  void operator()(Duration duration) const { append_duration(to, duration); }
  template <typename T>
  void operator()(T number) const {
    append_number(to, number);
  }
};

struct AppendJson {
  std::string& to;
  void operator()(std::string_view text) const {
    const std::string_view shown = utf8_prefix(text, value_size_max);
    append_json_string(to, shown);
    if (shown.size() == text.size()) return;
    to.back() = '.';
    to += "..\"";
  }
  void operator()(bool yes) const { to += yes ? "true" : "false"; }
  void operator()(Duration duration) const { (*this)(seconds(duration)); }
  void operator()(double number) const {
    if (std::isfinite(number))
      append_number(to, number);
    else
      to += "null";
  }
  template <typename T>
  void operator()(T number) const {
    append_number(to, number);
  }
};

std::string_view colour_of(Level level) {
  switch (level) {
    case Level::error: return "\x1b[31m";
    case Level::warn: return "\x1b[33m";
    case Level::info: return "\x1b[32m";
    case Level::debug:
    case Level::trace:
    case Level::off: break;
  }
  return "\x1b[2m";
}

void append_text(std::string& to, const Style& style, const Event& event) {
  if (!style.journal) to += to_rfc3339(event.time) + " ";
  if (style.colour) to += colour_of(event.level);
  to += to_text(event.level);
  if (style.colour) to += "\x1b[0m";
  to += ' ';
  to += event.service;
  to += ": ";
  to += event.name;
  for (const Field& field : event.fields) {
    to += ' ';
    to += field.key;
    to += '=';
    std::visit(AppendText{to}, field.value);
  }
}

void append_json(std::string& to, const Event& event) {
  const AppendJson append{to};
  to += "{\"time\":\"" + to_rfc3339(event.time) + "\",\"level\":\"";
  to += to_text(event.level);
  to += "\",\"service\":";
  append(event.service);
  to += ",\"event\":";
  append(event.name);
  for (const Field& field : event.fields) {
    to += ",\"";
    to += field.key;
    to += "\":";
    std::visit(append, field.value);
  }
  to += '}';
}

}  // namespace

void append_line(std::string& to, const Style& style, const Event& event) {
  if (style.journal) to += {'<', static_cast<char>('0' + to_severity(event.level)), '>'};
  if (style.format == Format::json)
    append_json(to, event);
  else
    append_text(to, style, event);
  to += '\n';
}

}  // namespace netkit::log
