// Commands and verbs among words.
#include "cli/locate.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/globals.hpp"

namespace netkit::cli {
namespace {

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& names) {
  const auto meant = nearest(word, names);
  return meant ? "did you mean '" + std::string{*meant} + "'? " : "";
}

Error unknown_command(Table table, const std::string& word) {
  std::vector<std::string_view> names;
  for (const Command& each : table)
    names.push_back(each.name);
  return {Errc::unknown_command, "run '" + escape_for_display(word) + "'",
          did_you_mean(word, names) + "netkit --list names them all"};
}

Error unknown_verb(const Command& command, const std::string& word) {
  std::vector<std::string_view> names;
  std::string list;
  for (const Verb& each : command.verbs) {
    if (each.name.empty()) continue;
    names.push_back(each.name);
    list += (list.empty() ? "" : ", ") + std::string{each.name};
  }
  return {Errc::usage, "take '" + escape_for_display(word) + "' as a verb",
          did_you_mean(word, names) + "one of " + list};
}

/// True if `word` is an option whose value is the next word.
bool takes_next(const Options& options, const std::string& word) {
  for (const Option& option : options.all())
    if (word == "--" + option.name ||
        (option.letter != 0 && word == std::string{'-', option.letter}))
      return option.takes_next_word();
  return false;
}

/// The options of the verb that is meant if no other is named may stand first as well.
bool takes_next_by_default(const Located& located, const std::string& word) {
  const Verb* verb = located.command ? located.command->find("") : nullptr;
  if (!verb) return false;
  Options options;
  const std::unique_ptr<Action> action = verb->make();
  action->declare(options);
  return takes_next(options, word);
}

/// True if words behind the verb can be arguments of it.
bool takes_arguments(const Verb& verb) {
  Options options;
  const std::unique_ptr<Action> action = verb.make();
  action->declare(options);
  return std::any_of(options.all().begin(), options.all().end(),
                     [](const Option& option) { return option.positional; });
}

/// Takes `word` as the command or the verb, whichever is still missing.
Status take(Table table, const std::string& word, Located& located) {
  if (!located.command) {
    located.command = find(table, word);
    if (!located.command) return unknown_command(table, word);
    if (located.command->has_no_verbs()) located.verb = &located.command->verbs.front();
    return ok;
  }
  located.verb = located.command->find(word);
  if (located.verb) return ok;
  located.verb = located.command->find("");  // A command may be run without a verb as well.
  if (!located.verb || !takes_arguments(*located.verb)) return unknown_verb(*located.command, word);
  located.rest.push_back(word);
  return ok;
}

}  // namespace

Result<Located> locate(Table table, const std::vector<std::string>& words) {
  Options globals;
  Globals unused;
  declare_globals(globals, unused);
  Located located;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (located.verb || word == "--") {
      located.rest.insert(located.rest.end(), words.begin() + static_cast<std::ptrdiff_t>(i),
                          words.end());
      break;
    }
    if (word.starts_with('-') && word.size() > 1) {
      located.rest.push_back(word);
      const bool with_value = takes_next(globals, word) || takes_next_by_default(located, word);
      if (with_value && i + 1 < words.size()) located.rest.push_back(words[++i]);
    } else if (Status taken = take(table, word, located); !taken) {
      return taken.error();
    }
  }
  if (located.command && !located.verb) located.verb = located.command->find("");
  return located;
}

std::string command_in_name(Table table, std::string_view program_path) {
  std::string_view name = program_path.substr(program_path.rfind('/') + 1);
  if (name.starts_with("netkit-")) name.remove_prefix(7);
  return find(table, name) ? std::string{name} : std::string{};
}

}  // namespace netkit::cli
