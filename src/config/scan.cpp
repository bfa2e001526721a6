// One pass over the characters. No string crosses a line, so that each line is judged by itself.
#include "config/scan.hpp"

#include <algorithm>
#include <cstddef>

#include "base/code_point.hpp"
#include "base/text.hpp"
#include "config/file.hpp"

namespace netkit::config {
namespace {

// Each dot of a dotted key is a nested table, and tables are freed recursively.
constexpr int dots_max = 256;

/// Where in a line the scan stands.
struct Place {
  char quote = 0;  // The open quotation mark.
  bool escaped = false;
  bool comment = false;
  int dots = 0;
};

/// Takes one visible character; says what is wrong with it, or nullptr.
const char* step(Place& place, std::string_view rest, char32_t point) {
  if (place.comment) return nullptr;
  const char letter = point < 0x80 ? static_cast<char>(point) : '\0';
  if (place.quote != 0) {
    if (place.escaped)
      place.escaped = false;
    else if (letter == '\\' && place.quote == '"')
      place.escaped = true;
    else if (letter == place.quote)
      place.quote = 0;
    return nullptr;
  }
  if (point >= 0x80) return "outside quotes only ASCII is allowed";
  if (rest.starts_with("\"\"\"") || rest.starts_with("'''"))
    return "strings of several lines are not supported";
  if (letter == '"' || letter == '\'') place.quote = letter;
  if (letter == '#') place.comment = true;
  if (letter == '.' && ++place.dots > dots_max) return "too many dots";
  return nullptr;
}

const char* scan_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  Place place;
  while (!line.empty()) {
    const CodePoint point = decode_code_point(line);
    if (point.size == 0) return "it is not UTF-8";
    if (point.value != '\t' && !is_safe_to_show(point.value))
      return "it holds a control or an invisible character; in quotes write it as \\uXXXX";
    if (const char* why = step(place, line, point.value)) return why;
    line.remove_prefix(point.size);
  }
  return nullptr;
}

}  // namespace

Status scan(std::string_view text, const std::string& path) {
  for (unsigned number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto attempt = [&] {
      return "read " + escape_for_display(path) + ":" + std::to_string(number);
    };
    if (end > line_size_max)
      return Error{Errc::too_large, attempt(),
                   "a line has at most " + std::to_string(line_size_max) + " bytes"};
    if (const char* why = scan_line(text.substr(0, end))) return Error{Errc::usage, attempt(), why};
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return ok;
}

}  // namespace netkit::config
