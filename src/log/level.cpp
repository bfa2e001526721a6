// The words for levels.
#include "log/level.hpp"

#include <cstddef>
#include <iterator>
#include <string>

#include "base/text.hpp"

namespace netkit::log {
namespace {

constexpr std::string_view words[] = {"trace", "debug", "info", "warn", "error", "off"};

}  // namespace

std::string_view to_text(Level level) noexcept {
  return words[static_cast<std::size_t>(level)];
}

Result<Level> parse_level(std::string_view text) {
  for (std::size_t i = 0; i < std::size(words); ++i)
    if (equal_ignoring_case(text, words[i])) return static_cast<Level>(i);
  if (equal_ignoring_case(text, "warning")) return Level::warn;
  std::string hint = did_you_mean(text, words);
  if (hint.empty()) hint = "it is one of trace, debug, info, warn, error, off";
  return Error{Errc::usage, "read '" + escape_for_display(text) + "' as a log level",
               std::move(hint)};
}

int to_severity(Level level) noexcept {
  switch (level) {
    case Level::error: return 3;
    case Level::warn: return 4;
    case Level::info: return 6;
    case Level::trace:
    case Level::debug:
    case Level::off: break;
  }
  return 7;
}

}  // namespace netkit::log
