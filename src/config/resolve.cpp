// Lays the sources over each other, weakest first.
#include "config/resolve.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace netkit::config {
namespace {

constexpr std::string_view white_space = " \t\r\n\v\f";

char to_variable_letter(char letter) {
  if (letter == '-' || letter == '.') return '_';
  return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  for (;;) {
    const std::size_t begin = text.find_first_not_of(white_space);
    if (begin == std::string_view::npos) return found;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(white_space), text.size());
    found.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

/// "true" or "false" for the words that mean them in a variable; empty for any other.
std::string_view to_flag(std::string_view text) {
  for (const std::string_view yes : {"true", "1", "yes", "on"})
    if (equal_ignoring_case(text, yes)) return "true";
  for (const std::string_view no : {"false", "0", "no", "off"})
    if (equal_ignoring_case(text, no)) return "false";
  return {};
}

/// NETKIT_SHUTDOWN_SERVER_LISTEN would also begin like a variable of a command named shutdown.
bool is_of_longer_command(const Schema& schema, std::string_view command, std::string_view name) {
  const std::string prefix = variable_name(command, "");
  return std::any_of(schema.sections.begin(), schema.sections.end(), [&](const Section& section) {
    const std::string other = variable_name(section.command, "");
    return other.size() > prefix.size() && other.starts_with(prefix) && name.starts_with(other);
  });
}

Error unknown_variable(const Schema& schema, std::string_view command, std::string_view name) {
  std::string word = to_lower_ascii(name.substr(variable_name(command, "").size()));
  std::replace(word.begin(), word.end(), '_', '-');
  const auto near = nearest(word, schema.key_names(command));
  return {Errc::usage, "use unknown variable " + escape_for_display(name),
          near ? "did you mean " + variable_name(command, *near) + "?" : std::string{}};
}

/// Each variable NETKIT_<COMMAND>_* must be an option of some verb of the command.
Status check_environment(const Schema& schema, std::string_view command,
                         const Environment& environment) {
  const std::string prefix = variable_name(command, "");
  const std::vector<std::string_view> names = schema.key_names(command);
  for (auto at = environment.lower_bound(prefix);
       at != environment.end() && at->first.starts_with(prefix); ++at) {
    const bool known = std::any_of(names.begin(), names.end(), [&](std::string_view key) {
      return variable_name(command, key) == at->first;
    });
    if (!known && !is_of_longer_command(schema, command, at->first))
      return unknown_variable(schema, command, at->first);
  }
  return ok;
}

void apply_file(const File& file, std::string_view command, std::string_view verb,
                Setting& setting) {
  // Two passes, because [echo.serve] beats [echo] wherever they stand.
  for (const bool of_verb : {false, true}) {
    if (of_verb && verb.empty()) continue;
    for (const Entry& entry : file.entries) {
      if (entry.command != command || entry.key != setting.key.name) continue;
      if (of_verb ? entry.verb != verb : !entry.verb.empty()) continue;
      setting.values = entry.values;
      setting.origin = {file.kind, file.path + ":" + std::to_string(entry.line)};
    }
  }
}

Status apply_environment(const Environment& environment, std::string_view command,
                         Setting& setting) {
  const std::string name = variable_name(command, setting.key.name);
  const auto found = environment.find(name);
  if (found == environment.end() || found->second.empty()) return ok;
  if (setting.key.flag) {
    const std::string_view value = to_flag(found->second);
    if (value.empty()) return Error{Errc::usage, "use the variable " + name, "it is true or false"};
    setting.values = {std::string{value}};
  } else if (setting.key.repeats) {
    setting.values = words(found->second);
  } else {
    setting.values = {found->second};
  }
  setting.origin = {Origin::environment, name};
  return ok;
}

void apply_options(const Options& options, Setting& setting) {
  const auto found = options.find(setting.key.name);
  if (found == options.end()) return;
  setting.values = found->second;
  setting.origin = {Origin::option, "--" + found->first};
}

Setting default_of(const Key& key) {
  Setting setting{key, key.defaults, {Origin::default_, "default"}};
  if (key.flag && setting.values.empty()) setting.values = {"false"};
  return setting;
}

/// The files from the weakest to the strongest.
std::vector<const File*> by_strength(const std::vector<File>& files) {
  std::vector<const File*> sorted;
  for (const File& file : files)
    sorted.push_back(&file);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const File* a, const File* b) { return a->kind < b->kind; });
  return sorted;
}

}  // namespace

const Setting* find(const Settings& settings, std::string_view name) {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const Setting& setting) { return setting.key.name == name; });
  return found == settings.end() ? nullptr : &*found;
}

std::string variable_name(std::string_view command, std::string_view key) {
  std::string name = "NETKIT_";
  for (const char letter : command)
    name += to_variable_letter(letter);
  name += '_';
  for (const char letter : key)
    name += to_variable_letter(letter);
  return name;
}

Result<Settings> resolve(const Schema& schema, std::string_view command, std::string_view verb,
                         const Sources& sources) {
  const Section* section = schema.find(command, verb);
  if (!section)
    return Error{Errc::usage,
                 "find the options of " + std::string{command} + " " + std::string{verb}};
  const std::vector<const File*> files = by_strength(sources.files);
  for (const File* file : files)
    if (const Status checked = check(*file, schema); !checked) return checked.error();
  if (const Status checked = check_environment(schema, command, sources.environment); !checked)
    return checked.error();

  Settings settings;
  for (const Key& key : section->keys) {
    Setting setting = default_of(key);
    for (const File* file : files)
      apply_file(*file, command, verb, setting);
    if (const Status applied = apply_environment(sources.environment, command, setting); !applied)
      return applied.error();
    apply_options(sources.options, setting);
    settings.push_back(std::move(setting));
  }
  for (const auto& [name, values] : sources.options)
    if (!find(settings, name))
      return Error{Errc::usage, "use unknown option --" + escape_for_display(name)};
  return settings;
}

}  // namespace netkit::config
