// The text of --print-config.
#include <algorithm>
#include <cstdint>

#include "base/code_point.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "config/resolve.hpp"

namespace netkit::config {
namespace {

/// A TOML basic string: what is unsafe to show becomes \UXXXXXXXX.
void append_string(std::string& to, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  to += '"';
  while (!text.empty()) {
    const CodePoint point = decode_code_point(text);
    if (point.value == '"' || point.value == '\\') {
      to += '\\';
      to += text.front();
    } else if (is_safe_to_show(point.value)) {
      to += text.substr(0, point.size);
    } else {
      to += "\\U";
      for (int shift = 28; shift >= 0; shift -= 4)
        to += digits[static_cast<std::uint32_t>(point.value) >> shift & 15];
    }
    text.remove_prefix(std::max<std::size_t>(point.size, 1));
  }
  to += '"';
}

std::string to_toml(const Setting& setting) {
  const auto one = [&](std::string& to, const std::string& value) {
    const bool bare =
        (setting.key.flag || setting.key.value_optional) && (value == "true" || value == "false");
    if (bare)
      to += value;
    else
      append_string(to, value);
  };
  std::string text;
  if (!setting.key.repeats && setting.values.size() == 1) {
    one(text, setting.values.front());
    return text;
  }
  text = "[";
  for (const std::string& value : setting.values) {
    if (text.size() > 1) text += ", ";
    one(text, value);
  }
  return text += "]";
}

std::string to_line(const Setting& setting) {
  const std::string name{setting.key.name};
  const std::string origin = "  # " + escape_for_display(setting.origin.where) + "\n";
  if (setting.values.empty() && setting.origin.kind == Origin::default_)
    return "# " + name + " is not set" + origin;
  if (setting.key.secret) return "# " + name + " is set and not shown" + origin;
  const bool is_text = std::all_of(setting.values.begin(), setting.values.end(),
                                   [](const std::string& value) { return is_utf8(value); });
  if (!is_text) return "# " + name + " is not UTF-8 and cannot be written here" + origin;
  return name + " = " + to_toml(setting) + origin;
}

}  // namespace

std::string print(std::string_view command, std::string_view verb, const Settings& settings) {
  std::string text = "[" + std::string{command};
  if (!verb.empty()) text += "." + std::string{verb};
  text += "]\n";
  for (const Setting& setting : settings)
    text += to_line(setting);
  return text;
}

}  // namespace netkit::config
