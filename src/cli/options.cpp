// Declarations and the errors about words that are not among the choices.
#include "cli/options.hpp"

namespace netkit::cli {

std::string Typed::value_of(std::string_view name) const {
  const std::string option = "--" + std::string{name};
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == option && i + 1 < words.size()) return words[i + 1];
    if (words[i].starts_with(option + "=")) return words[i].substr(option.size() + 1);
  }
  return {};
}

Option& Options::add(std::string name, std::string value_name, std::string help) {
  Option& option = options_.emplace_back();
  option.name = std::move(name);
  option.value_name = std::move(value_name);
  option.help = std::move(help);
  option.heading = heading_;
  return option;
}

Option& Options::flag(std::string name, bool& target, std::string help) {
  Option& option = add(std::move(name), {}, std::move(help));
  option.flag = true;
  option.defaults = {show_value(target)};
  option.assign = [&target](const std::vector<std::string>& values) {
    return read_value(values.back(), target);
  };
  option.reset = [&target, initial = target] { target = initial; };
  return option;
}

Option& Options::counted_flag(std::string name, char letter, int& target, std::string help) {
  Option& option = add(std::move(name), {}, std::move(help));
  option.flag = true;
  option.counted = true;
  option.letter = letter;
  option.command_line_only = true;
  option.assign = [&target](const std::vector<std::string>& values) -> Status {
    target = static_cast<int>(values.size());
    return ok;
  };
  option.reset = [&target] { target = 0; };
  return option;
}

const Option* Options::find(std::string_view name) const {
  for (const Option& option : options_)
    if (option.name == name) return &option;
  return nullptr;
}

Error Options::not_a_choice(std::string_view text, const std::vector<std::string_view>& words) {
  std::string list;
  for (const std::string_view word : words)
    list.append(list.empty() ? "" : ", ").append(word);
  const auto meant = nearest(text, words);
  return {Errc::usage, "take '" + escape_for_display(text) + "'",
          (meant ? "did you mean '" + std::string{*meant} + "'? " : "") + "one of " + list};
}

}  // namespace netkit::cli
