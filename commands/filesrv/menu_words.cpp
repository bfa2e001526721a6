// Choices by number or by name.
#include "commands/filesrv/menu_words.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace netkit::filesrv {
namespace {

struct Line {
  std::string_view number;
  std::string_view word;
  Choice choice;
  std::string_view what;
};

constexpr std::array<Line, 5> lines{{
    {"1", "list", Choice::list, "the files that the server has"},
    {"2", "get", Choice::get, "fetch one of them into this folder"},
    {"3", "time", Choice::time, "the time at the server"},
    {"4", "info", Choice::info, "what the server says of itself"},
    {"5", "quit", Choice::quit, "leave"},
}};

MenuWords::Step say(std::string text) {
  MenuWords::Step step;
  step.say.push_back(std::move(text));
  return step;
}

/// Lists show names with escapes, and so they may be typed.
MenuWords::Step with_name(Choice choice, std::string_view text) {
  const std::optional<std::string> name = unescape_displayed(text);
  if (!name) return say(R"(that is no name: after a backslash comes \, n, t or xHH)");
  MenuWords::Step step;
  step.choice = choice;
  step.name = *name;
  return step;
}

}  // namespace

std::vector<std::string> MenuWords::menu() {
  std::vector<std::string> shown;
  for (const Line& each : lines)
    shown.push_back("  " + std::string{each.number} + "  " + std::string{each.word} + "  " +
                    std::string{each.what});
  return shown;
}

MenuWords::Step MenuWords::take(std::string_view line) {
  const std::string_view text = trim(line);
  if (asks_name_) {
    asks_name_ = false;
    return text.empty() ? say("no file then") : with_name(Choice::get, text);
  }
  if (text.empty()) {
    Step step;
    step.say = menu();
    return step;
  }
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  const std::string_view rest = trim(text.substr(end));
  const auto found = std::ranges::find_if(lines, [word](const Line& each) {
    return each.number == word || equal_ignoring_case(each.word, word);
  });
  if (found == lines.end()) return say("there is no such choice: type a number from 1 to 5");
  if (found->choice == Choice::get && rest.empty()) {
    asks_name_ = true;
    return {};
  }
  if (found->choice == Choice::get || found->choice == Choice::list)
    return with_name(found->choice, rest);
  if (!rest.empty()) return say("nothing comes after that number");
  Step step;
  step.choice = found->choice;
  return step;
}

bool MenuWords::forget() {
  return std::exchange(asks_name_, false);
}

}  // namespace netkit::filesrv
