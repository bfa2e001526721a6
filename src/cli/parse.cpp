// CLI11 splits the words; every message about them is ours.
#include "cli/parse.hpp"

#include <CLI/CLI.hpp>

#include "base/text.hpp"

namespace netkit::cli {
namespace {

/// CLI11 takes "[a,b]" apart as a list, and the next word for the value of "--name=". A letter in
/// front of such a value, taken off again, keeps it as it is.
constexpr char shield = '\x01';

/// Where the value begins in "--name=value"; 0 in any other word.
std::size_t value_begin(std::string_view word) {
  return word.starts_with('-') ? word.find('=') + 1 : 0;
}

std::string shielded(std::string word) {
  const std::size_t begin = value_begin(word);
  const char first = begin < word.size() ? word[begin] : '\0';
  if (first == '[' || first == shield || (begin > 0 && begin == word.size()))
    word.insert(begin, 1, shield);
  return word;
}

/// "--name" of an option that may stand without a value, as "--name=VALUE".
std::string completed(const Options& options, const std::string& word) {
  if (!word.starts_with("--")) return word;
  const Option* const option = options.find(word.substr(2));
  return option && option->alone ? word + "=" + *option->alone : word;
}

/// A word that looked like an option may have been a value: both places are looked at.
std::vector<std::string> unshielded(std::vector<std::string> words) {
  for (std::string& word : words)
    if (const std::size_t begin = value_begin(word); begin < word.size() && word[begin] == shield)
      word.erase(begin, 1);
  return words;
}

struct Bound {
  const Option* option;
  CLI::Option* parsed;
};

CLI::Option* declare(CLI::App& app, const Option& option) {
  if (option.positional) {
    CLI::Option* made = app.add_option(option.name);
    if (option.repeats)
      return made->expected(-1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    return made->expected(1);
  }
  std::string names = "--" + option.name;
  if (option.letter != 0) names = std::string{"-"} + option.letter + "," + names;
  if (option.flag) {
    CLI::Option* made = app.add_flag(names);
    return made->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  return app.add_option(names)->expected(1)->allow_extra_args(false)->multi_option_policy(
      CLI::MultiOptionPolicy::TakeAll);
}

Error unknown_word(const Options& options, const std::string& word) {
  if (word.size() < 2 || word[0] != '-')
    return {Errc::usage, "take '" + escape_for_display(word) + "'", "one argument too many"};
  std::vector<std::string_view> names;
  for (const Option& option : options.all())
    if (!option.positional) names.push_back(option.name);
  const std::string_view name = std::string_view{word}.substr(
      word.find_first_not_of('-') == std::string::npos ? 0 : word.find_first_not_of('-'));
  const auto meant = nearest(name.substr(0, name.find('=')), names);
  return {Errc::usage, "take the option '" + escape_for_display(word) + "'",
          meant ? "did you mean '--" + std::string{*meant} + "'?" : "see --help"};
}

}  // namespace

Result<config::Options> parse_words(const Options& options, const std::vector<std::string>& words) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<Bound> bound;
  for (const Option& option : options.all())
    bound.push_back({&option, declare(app, option)});

  std::vector<std::string> reversed;  // CLI11 takes its words from the back.
  for (auto word = words.rbegin(); word != words.rend(); ++word)
    reversed.push_back(shielded(completed(options, *word)));
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& failed) {
    return Error{Errc::usage, "read the arguments", failed.what()};
  }
  for (const std::string& word : unshielded(app.remaining()))
    if (word != "--") return unknown_word(options, word);

  config::Options given;
  for (const Bound& each : bound)
    if (each.parsed->count() > 0) {
      std::vector<std::string> values = unshielded(each.parsed->results());
      if (each.option->flag && !each.option->counted) values = {values.back()};
      given[each.option->name] = std::move(values);
    }
  return given;
}

}  // namespace netkit::cli
