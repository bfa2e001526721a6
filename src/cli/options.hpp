// What a command declares about its options, once: parsing, environment, configuration files,
// completion and help all follow from it. Declares nothing to CLI11; cli/parse.cpp does.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "cli/value.hpp"
#include "config/resolve.hpp"

namespace netkit::cli {

/// What a word on the command line may become when Tab is pressed.
enum class Complete { nothing, file, directory, endpoint };

/// What completion by a command may look at: local files, and what stands on the line already.
struct Typed {
  const config::Environment& environment;
  const std::vector<std::string>& words;
  std::string_view word = {};  ///< What there is of the one to be completed.

  /// The value that option `name` has on the line, or empty.
  std::string value_of(std::string_view name) const;
};

/// One declared option or positional argument. Chained setters refine what Options::value made.
struct Option {
  std::string name;        ///< Without dashes; of a positional argument as in the usage line.
  char letter = 0;         ///< Its short form, 0 for none.
  std::string value_name;  ///< "DUR"; empty for a flag.
  std::string help;        ///< One sentence without a full stop.
  std::string heading;     ///< Under which help lists it.
  bool flag = false;
  bool counted = false;  ///< A flag that may stand several times: -vv.
  bool positional = false;
  bool repeats = false;
  bool required = false;
  bool command_line_only = false;  ///< No configuration key, no environment variable.
  std::vector<std::string> defaults;
  std::optional<std::string>
      alone;  ///< The value of --name without one; it takes only --name=VALUE.
  std::vector<std::string> choices;  ///< All valid values, if they are few.
  Complete complete = Complete::nothing;
  /// Candidates that only the command knows. Silent, and within 300 ms.
  std::function<std::vector<std::string>(const Typed& typed)> candidates;
  std::function<Status(const std::vector<std::string>&)> assign;
  std::function<void()> reset;  ///< Back to the default, before values are assigned once more.

  /// True if the word behind `--name` is its value.
  bool takes_next_word() const { return !positional && !flag && !alone; }

  Option& with_letter(char short_form) {
    letter = short_form;
    return *this;
  }
  Option& with_default(std::string text) {
    defaults = {std::move(text)};
    return *this;
  }
  Option& may_stand_alone(std::string meaning) {
    alone = std::move(meaning);
    return *this;
  }
  Option& completes(Complete kind) {
    complete = kind;
    return *this;
  }
  Option& completes(std::function<std::vector<std::string>(const Typed& typed)> by) {
    candidates = std::move(by);
    return *this;
  }
  Option& must_be_given() {
    required = true;
    return *this;
  }
  Option& only_on_command_line() {
    command_line_only = true;
    return *this;
  }
};

/// The options of one command or verb. The variables they are bound to must outlive it, and hold
/// the defaults when they are declared.
class Options {
 public:
  Option& flag(std::string name, bool& target, std::string help);
  /// -v, -vv: how often it stands.
  Option& counted_flag(std::string name, char letter, int& target, std::string help);

  /// `--name VALUE`; the last one wins.
  template <typename T>
  Option& value(std::string name, T& target, std::string value_name, std::string help) {
    Option& option = add(std::move(name), std::move(value_name), std::move(help));
    option.defaults = {show_value(target)};
    option.assign = [&target](const std::vector<std::string>& values) {
      return read_value(values.back(), target);
    };
    option.reset = [&target, initial = target] { target = initial; };
    return option;
  }
  /// The same without a default: stays empty unless it is given.
  template <typename T>
  Option& value(std::string name, std::optional<T>& target, std::string value_name,
                std::string help) {
    Option& option = add(std::move(name), std::move(value_name), std::move(help));
    option.assign = [&target](const std::vector<std::string>& values) {
      return read_value(values.back(), target.emplace());
    };
    option.reset = [&target, initial = target] { target = initial; };
    return option;
  }
  /// May stand several times; each adds one.
  template <typename T>
  Option& values(std::string name, std::vector<T>& target, std::string value_name,
                 std::string help) {
    Option& option = add(std::move(name), std::move(value_name), std::move(help));
    option.repeats = true;
    for (const T& each : target)
      option.defaults.push_back(show_value(each));
    option.assign = [&target](const std::vector<std::string>& texts) -> Status {
      target.clear();
      for (const std::string& text : texts)
        if (Status read = read_value(text, target.emplace_back()); !read) return read;
      return ok;
    };
    option.reset = [&target, initial = target] { target = initial; };
    return option;
  }
  /// One word out of a few.
  template <typename T>
  Option& choice(std::string name, T& target, std::vector<std::pair<std::string, T>> words,
                 std::string help) {
    Option& option = add(std::move(name), {}, std::move(help));
    for (const auto& [word, meaning] : words) {
      option.choices.push_back(word);
      if (meaning == target) option.defaults = {word};
    }
    option.value_name = join(option.choices, "|");
    option.assign = [&target, words](const std::vector<std::string>& texts) -> Status {
      for (const auto& [word, meaning] : words)
        if (word == texts.back()) {
          target = meaning;
          return ok;
        }
      return not_a_choice(texts.back(), words);
    };
    option.reset = [&target, initial = target] { target = initial; };
    return option;
  }

  /// An argument without a name in front, in the order of declaration.
  template <typename T>
  Option& positional(std::string name, std::optional<T>& target, std::string help) {
    Option& option = value(std::move(name), target, {}, std::move(help));
    option.positional = true;
    return option;
  }
  template <typename T>
  Option& positionals(std::string name, std::vector<T>& target, std::string help) {
    Option& option = values(std::move(name), target, {}, std::move(help));
    option.positional = true;
    return option;
  }

  /// The heading under which help lists what is declared from here on.
  void heading(std::string text) { heading_ = std::move(text); }

  const std::deque<Option>& all() const { return options_; }
  const Option* find(std::string_view name) const;

 private:
  Option& add(std::string name, std::string value_name, std::string help);
  static Error not_a_choice(std::string_view text, const std::vector<std::string_view>& words);
  template <typename T>
  static Error not_a_choice(std::string_view text,
                            const std::vector<std::pair<std::string, T>>& words) {
    std::vector<std::string_view> names;
    for (const auto& [word, meaning] : words)
      names.push_back(word);
    return not_a_choice(text, names);
  }

  std::deque<Option> options_;  // A deque, because declarations hand out references.
  std::string heading_ = "Options";
};

}  // namespace netkit::cli
