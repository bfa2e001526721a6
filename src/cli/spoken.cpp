// Characters, clocks, colours.
#include "cli/spoken.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/code_point.hpp"
#include "base/text.hpp"

namespace netkit::cli {
namespace {

/// As many as keep apart on light and dark ground.
constexpr std::array<std::string_view, 10> colours{"31", "32", "33", "34", "35",
                                                   "36", "91", "92", "94", "95"};

}  // namespace

std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = decode_code_point(text);
    const std::string_view taken = text.substr(0, std::max<std::size_t>(point.size, 1));
    text.remove_prefix(taken.size());
    if (point.value == '\r' && text.starts_with('\n')) continue;
    if (point.value == '\n')
      line += " / ";
    else if (point.value == '\t' || point.value == '\\')
      line += taken;
    else if (point.size > 0 && is_safe_to_show(point.value))
      line += taken;
    else
      line += escape_for_display(taken);
  }
  return line;
}

std::string clock_text(std::uint64_t time_ms) {
  const auto seconds =
      static_cast<std::time_t>(std::min<std::uint64_t>(time_ms / 1000, 1ull << 40));
  std::tm local{};
  char text[8] = "--:--";
  if (localtime_r(&seconds, &local)) std::strftime(text, sizeof text, "%H:%M", &local);
  return text;
}

std::string painted(std::string_view text, std::string_view colour, bool wanted) {
  if (!wanted) return std::string{text};
  return "\x1b[" + std::string{colour} + "m" + std::string{text} + "\x1b[0m";
}

std::string_view colour_of(std::string_view name) {
  std::uint32_t hash = 2'166'136'261u;
  for (const char byte : name)
    hash = (hash ^ static_cast<unsigned char>(byte)) * 16'777'619u;
  return colours[hash % colours.size()];
}

}  // namespace netkit::cli
