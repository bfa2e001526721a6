// Values back to text.
#include "cli/json_text.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

namespace netkit::cli {
std::string json_text(const wire::Json& value) {
  if (const auto text = value.string()) {
    std::string quoted;
    append_json_string(quoted, *text);
    return quoted;
  }
  if (const auto number = value.integer()) return std::to_string(*number);
  if (const auto number = value.number()) return netkit::to_text(*number);
  if (const auto truth = value.boolean()) return *truth ? "true" : "false";
  std::vector<std::string> parts;
  if (value.is_array()) {
    for (const wire::Json& each : value.items())
      parts.push_back(json_text(each));
    return "[" + join(parts, ",") + "]";
  }
  if (!value.is_object()) return "null";
  for (std::size_t i = 0; i < value.keys().size(); ++i) {
    append_json_string(parts.emplace_back(), value.keys()[i]);
    parts.back() += ":" + json_text(value.values()[i]);
  }
  return "{" + join(parts, ",") + "}";
}

std::string field_text(const wire::Json* value) {
  if (!value || value->is_null()) return {};
  if (const auto text = value->string()) return escape_for_display(*text);
  if (!value->is_array()) return json_text(*value);
  std::vector<std::string> parts;
  for (const wire::Json& each : value->items())
    parts.push_back(field_text(&each));
  return join(parts, " ");
}

Status show_members(Output& out, const wire::Json& object,
                    std::initializer_list<std::string_view> members) {
  if (out.json()) return out.line(json_text(object));
  std::string line;
  std::size_t end = 0;
  bool first = true;
  for (const std::string_view member : members) {
    if (!std::exchange(first, false)) line += '\t';
    const std::string text = field_text(object.find(member));
    line += text;
    if (!text.empty()) end = line.size();
  }
  line.resize(end);
  return out.line(line);
}

}  // namespace netkit::cli
