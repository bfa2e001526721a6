// Lines with names, labels in quotes and numbers, written and read.
#include "wire/exposition.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"

namespace netkit::wire {
namespace {

constexpr std::size_t labels_max = 32;
constexpr std::size_t number_size_max = 64;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == ':';
}

std::string_view take_name(std::string_view& rest) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), is_name_byte);
  const std::string_view name = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  rest.remove_prefix(name.size());
  return !name.empty() && name.front() >= '0' && name.front() <= '9' ? std::string_view{} : name;
}

void skip_blanks(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
}

bool take(std::string_view& rest, char wanted) {
  if (!rest.starts_with(wanted)) return false;
  rest.remove_prefix(1);
  return true;
}

/// What stands in quotes, where a backslash may precede a backslash, a quote or 'n'.
bool take_quoted(std::string_view& rest, std::string& value) {
  if (!take(rest, '"')) return false;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '"') return true;
    if (c != '\\') {
      value += c;
      continue;
    }
    if (rest.empty()) return false;
    value += rest.front() == 'n' ? '\n' : rest.front();
    rest.remove_prefix(1);
  }
  return false;
}

bool take_labels(std::string_view& rest, MetricSample& sample) {
  if (!take(rest, '{')) return true;
  for (;;) {
    skip_blanks(rest);
    if (take(rest, '}')) return true;
    if (sample.labels.size() == labels_max) return false;
    auto& [name, value] = sample.labels.emplace_back(take_name(rest), std::string{});
    if (name.empty() || !take(rest, '=') || !take_quoted(rest, value)) return false;
    skip_blanks(rest);
    if (!take(rest, ',') && !rest.starts_with('}')) return false;
  }
}

/// "1", "1e+06", "+Inf", "NaN": what strtod(3) reads, and nothing behind it.
bool read_number(std::string_view text, double& value) {
  if (text.empty() || text.size() > number_size_max) return false;
  const std::string digits{text};
  char* end = nullptr;
  value = std::strtod(digits.c_str(), &end);
  return end == digits.c_str() + digits.size();
}

bool read_line(std::string_view line, MetricSample& sample) {
  sample.name = take_name(line);
  if (sample.name.empty() || !take_labels(line, sample)) return false;
  skip_blanks(line);
  return read_number(line.substr(0, line.find_first_of(" \t")), sample.value);
}

}  // namespace

void append_metric(std::string& out, std::string_view name, std::string_view type,
                   std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help);
  out.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void append_sample(std::string& out, std::string_view name,
                   std::initializer_list<MetricLabel> labels, double value) {
  out += name;
  char before = '{';
  for (const MetricLabel& label : labels) {
    out += std::exchange(before, ',');
    out.append(label.name).append("=\"");
    for (const char c : label.value) {
      if (c == '\\' || c == '"' || c == '\n') out += '\\';
      out += c == '\n' ? 'n' : c;
    }
    out += '"';
  }
  if (before == ',') out += '}';
  out.append(" ").append(to_fixed_text(value)).append("\n");
}

std::string_view MetricSample::label(std::string_view wanted) const {
  for (const auto& [key, text] : labels)
    if (key == wanted) return text;
  return {};
}

Result<std::optional<MetricSample>> take_sample(std::string_view& text) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    skip_blanks(line);
    if (line.empty() || line.front() == '#') continue;
    MetricSample sample;
    if (!read_line(line, sample))
      return Error{Errc::malformed, "read the metric '" + escape_for_display(line) + "'"};
    return std::optional{std::move(sample)};
  }
  return std::optional<MetricSample>{};
}

}  // namespace netkit::wire
