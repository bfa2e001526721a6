// Candidates from the command table, the declared options and a few local files.
#include "cli/complete.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/globals.hpp"
#include "cli/locate.hpp"
#include "cli/paths.hpp"
#include "net/endpoint.hpp"

namespace netkit::cli {
namespace {

constexpr std::size_t host_file_size_max = 256 * 1024;
constexpr std::size_t hosts_max = 1000;

using Words = std::vector<std::string>;

/// Whether it may go on as an address: what servers nearby are found by is no name.
bool may_be_address(std::string_view typed) {
  const std::size_t scheme_end = typed.find("://");
  const bool in_scheme = std::ranges::any_of(
      net::scheme_names(), [&](std::string_view name) { return name.starts_with(typed); });
  if (scheme_end == std::string_view::npos && in_scheme) return true;
  if (scheme_end != std::string_view::npos) typed.remove_prefix(scheme_end + 3);
  return typed.empty() || typed.front() == '[' || (typed.front() >= '0' && typed.front() <= '9');
}

std::vector<Candidate> endpoints(Table table, const Words& before,
                                 const config::Environment& environment, std::string_view typed) {
  std::vector<Candidate> found;
  const std::size_t scheme_end = typed.find("://");
  const std::string scheme{scheme_end == std::string_view::npos ? ""
                                                                : typed.substr(0, scheme_end + 3)};
  for (const std::string& host : known_host_names(environment))
    found.push_back({scheme + host, "known host"});
  for (const Command& command : table)
    if (command.endpoints && may_be_address(typed))
      for (std::string& each : command.endpoints({environment, before}))
        found.push_back({std::move(each), "announced itself"});
  if (scheme.empty() && !typed.empty())
    for (const std::string_view name : net::scheme_names())
      found.push_back({std::string{name} + (name == "unix" ? ":" : "://"), "scheme"});
  return found;
}

std::vector<Candidate> values_of(Table table, const Option& option, const Words& before,
                                 const config::Environment& environment, std::string_view typed) {
  if (option.complete == Complete::file) return {{":files", ""}};
  if (option.complete == Complete::directory) return {{":directories", ""}};
  if (option.complete == Complete::endpoint) return endpoints(table, before, environment, typed);
  std::vector<Candidate> found;
  for (const std::string& choice : option.choices)
    found.push_back({choice, ""});
  if (option.candidates)
    for (const std::string& each : option.candidates({environment, before, typed}))
      found.push_back({each, ""});
  return found;
}

std::vector<Candidate> option_names(const Options& options) {
  std::vector<Candidate> found;
  for (const Option& option : options.all())
    if (!option.positional) found.push_back({"--" + option.name, option.help});
  return found;
}

const Option* find_typed(const Options& options, std::string_view word) {
  for (const Option& option : options.all()) {
    if (option.positional) continue;
    if (word == "--" + option.name) return &option;
    if (option.letter != 0 && word == std::string{"-"} + option.letter) return &option;
  }
  return nullptr;
}

/// The positional argument that the word after `words` would be.
const Option* next_positional(const Options& options, const Words& words) {
  std::size_t given = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const Option* option = find_typed(options, words[i]);
    if (option && option->takes_next_word()) ++i;
    if (!option && !words[i].starts_with('-')) ++given;
  }
  const Option* last = nullptr;
  for (const Option& option : options.all()) {
    if (!option.positional) continue;
    last = &option;
    if (given-- == 0) return last;
  }
  return last && last->repeats ? last : nullptr;
}

/// Candidates if `typed` is the value of an option, behind '=' or as the next word; else nullopt.
std::optional<std::vector<Candidate>> option_values(Table table, const Options& options,
                                                    const Words& before, std::string_view typed,
                                                    const config::Environment& environment) {
  const std::size_t equals = typed.starts_with("--") ? typed.find('=') : std::string_view::npos;
  if (equals != std::string_view::npos) {
    const Option* option = find_typed(options, typed.substr(0, equals));
    std::vector<Candidate> found;
    if (option) found = values_of(table, *option, before, environment, typed.substr(equals + 1));
    for (Candidate& each : found)
      if (!each.text.starts_with(':')) each.text.insert(0, typed.substr(0, equals + 1));
    return found;
  }
  const Option* last = before.empty() ? nullptr : find_typed(options, before.back());
  if (last && last->takes_next_word()) return values_of(table, *last, before, environment, typed);
  return std::nullopt;
}

std::vector<Candidate> within_verb(Table table, const Located& located, std::string_view typed,
                                   const config::Environment& environment) {
  Globals unused;
  Options options;
  const std::unique_ptr<Action> action = located.verb->make();
  action->declare(options);
  declare_globals(options, unused);

  if (const auto values = option_values(table, options, located.rest, typed, environment))
    return *values;
  if (typed.starts_with('-')) return option_names(options);
  const Option* positional = next_positional(options, located.rest);
  return positional ? values_of(table, *positional, located.rest, environment, typed)
                    : std::vector<Candidate>{};
}

void add_verbs(const Command& command, std::vector<Candidate>& found) {
  for (const Verb& verb : command.verbs)
    if (!verb.name.empty()) found.push_back({std::string{verb.name}, std::string{verb.summary}});
}

/// True if the word to come stands right behind the name of the command.
bool next_is_verb(const Command& command, const Words& before) {
  return !before.empty() && before.back() == command.name;
}

std::vector<Candidate> all_candidates(Table table, const Words& before, std::string_view typed,
                                      const config::Environment& environment) {
  const Result<Located> located = locate(table, before);
  if (!located) return {};
  if (located->verb) {
    std::vector<Candidate> found = within_verb(table, *located, typed, environment);
    // Where a verb may be left out it may still stand.
    const bool may_be_verb = located->verb->name.empty() && next_is_verb(*located->command, before);
    if (may_be_verb && !typed.starts_with('-')) add_verbs(*located->command, found);
    return found;
  }
  Globals unused;
  Options globals;
  declare_globals(globals, unused);
  if (const auto values = option_values(table, globals, located->rest, typed, environment))
    return *values;
  if (typed.starts_with('-')) {
    std::vector<Candidate> found = option_names(globals);
    if (!located->command) found.push_back({"--version", "Show version and features"});
    if (!located->command) found.push_back({"--list", "List the commands"});
    return found;
  }
  std::vector<Candidate> found;
  if (located->command)
    add_verbs(*located->command, found);
  else
    for (const Command& command : table)
      found.push_back({std::string{command.name}, std::string{command.summary}});
  return found;
}

/// Adds the first words of a known_hosts file, or all names of a hosts file.
void add_names(const std::string& path, bool hosts_file, std::set<std::string>& names) {
  const Result<std::string> text = read_file(path, host_file_size_max);
  if (!text) return;
  for (const std::string_view raw : split(*text, '\n')) {
    std::string line{trim(raw.substr(0, raw.find('#')))};
    std::replace(line.begin(), line.end(), '\t', ' ');
    const auto words = split(line, ' ');
    for (std::size_t i = hosts_file ? 1 : 0; i < (hosts_file ? words.size() : 1); ++i)
      if (!words[i].empty() && names.size() < hosts_max) names.emplace(words[i]);
  }
}

}  // namespace

std::vector<std::string> known_host_names(const config::Environment& environment) {
  std::set<std::string> names;
  add_names(known_hosts_path(environment), false, names);
  add_names("/etc/hosts", true, names);
  return {names.begin(), names.end()};
}

std::vector<Candidate> candidates(Table table, const Words& words,
                                  const config::Environment& environment) {
  if (words.empty()) return {};
  const std::string& typed = words.back();
  std::vector<Candidate> found =
      all_candidates(table, {words.begin(), words.end() - 1}, typed, environment);
  std::erase_if(found, [&](const Candidate& each) {
    return !each.text.starts_with(typed) && !each.text.starts_with(':');
  });
  return found;
}

Status print_completions(Table table, const Words& words, const config::Environment& environment,
                         Output& out) {
  for (const Candidate& each : candidates(table, words, environment))
    if (Status done = out.line(each.text + "\t" + each.description); !done) return done;
  return ok;
}

}  // namespace netkit::cli
