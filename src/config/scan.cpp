// One pass over the characters, which follows just enough of TOML to know where a string can start.
// No string crosses a line; arrays may.
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

/// Says what is wrong with a line, or nullptr. Remembers between lines how deep in arrays it is.
class Scanner {
 public:
  const char* scan_line(std::string_view line) {
    before_ = quote_ = '\0';
    escaped_ = comment_ = equals_ = false;
    dots_ = 0;
    const bool header = depth_ == 0 && trim(line).starts_with('[');
    if (line.ends_with('\r')) line.remove_suffix(1);
    while (!line.empty()) {
      const CodePoint point = decode_code_point(line);
      if (point.size == 0) return "it is not UTF-8";
      if (point.value != '\t' && !is_safe_to_show(point.value))
        return "it holds a control or an invisible character; in quotes write it as \\uXXXX";
      if (const char* why = step(line, point.value)) return why;
      line.remove_prefix(point.size);
    }
    // A header that lacks its bracket is the library's to report, on this line.
    if (header) depth_ = 0;
    return nullptr;
  }

 private:
  const char* step(std::string_view rest, char32_t point) {
    const char letter = point < 0x80 ? static_cast<char>(point) : '\0';
    if (comment_) return nullptr;
    if (quote_ != '\0') {
      if (letter == quote_ && !escaped_) quote_ = '\0';
      escaped_ = letter == '\\' && quote_ == '"' && !escaped_;
      return nullptr;
    }
    if (point >= 0x80) return "outside quotes only ASCII is allowed";
    if (rest.starts_with("\"\"\"") || rest.starts_with("'''"))
      return "strings of several lines are not supported";
    const char* why = structure(letter);
    if (letter != ' ' && letter != '\t') before_ = letter;
    return why;
  }

  // The library reads `1="x"`, `-0["x"` or `1"x"` on as one number, and is not safe with what the
  // quotes then hold. So strings and arrays start only where a value or a key does.
  const char* structure(char letter) {
    const bool starts = before_ == '\0' || before_ == '=' || before_ == '[' || before_ == ',';
    switch (letter) {
      case '"':
      case '\'':
        quote_ = letter;
        return starts ? nullptr : "a quotation mark stands inside a value";
      case '[': ++depth_; return starts ? nullptr : "a bracket stands inside a value";
      case ']': depth_ = std::max(depth_ - 1, 0); return nullptr;
      case '=':
        if (depth_ > 0 || equals_) return "an equals sign stands inside a value";
        equals_ = true;
        return nullptr;
      case '{':
      case '}': return "tables inside a value are not supported";
      case '#': comment_ = true; return nullptr;
      case '.': return ++dots_ > dots_max ? "too many dots" : nullptr;
      default: return nullptr;
    }
  }

  int depth_ = 0;
  char before_ = '\0';  // The last character of the line that is no blank.
  char quote_ = '\0';   // The open quotation mark.
  bool escaped_ = false;
  bool comment_ = false;
  bool equals_ = false;
  int dots_ = 0;
};

}  // namespace

Status scan(std::string_view text, const std::string& path) {
  Scanner scanner;
  for (unsigned number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto attempt = [&] {
      return "read " + escape_for_display(path) + ":" + std::to_string(number);
    };
    if (end > line_size_max)
      return Error{Errc::too_large, attempt(),
                   "a line has at most " + std::to_string(line_size_max) + " bytes"};
    if (const char* why = scanner.scan_line(text.substr(0, end)))
      return Error{Errc::usage, attempt(), why};
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return ok;
}

}  // namespace netkit::config
