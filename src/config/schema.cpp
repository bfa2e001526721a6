// Checks what a file says against what the commands know.
#include "config/schema.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace netkit::config {
namespace {

std::string place(const File& file, unsigned line) {
  return escape_for_display(file.path) + ":" + std::to_string(line);
}

std::string quoted(std::string_view text) {
  return "'" + escape_for_display(text) + "'";
}

std::vector<std::string_view> names_of(const std::vector<Key>& keys) {
  std::vector<std::string_view> names;
  for (const Key& key : keys)
    names.push_back(key.name);
  return names;
}

const Key* find_key_in(const Section& section, std::string_view name) {
  const auto found = std::find_if(section.keys.begin(), section.keys.end(),
                                  [&](const Key& key) { return key.name == name; });
  return found == section.keys.end() ? nullptr : &*found;
}

Status check_section(const File& file, const SectionLine& section, const Schema& schema) {
  if (!schema.has_command(section.command)) {
    std::vector<std::string_view> commands;
    for (const Section& known : schema.sections)
      commands.push_back(known.command);
    return Error{
        Errc::usage,
        "use unknown section " + quoted(section.command) + " in " + place(file, section.line),
        did_you_mean(section.command, commands)};
  }
  if (section.verb.empty() || schema.find(section.command, section.verb)) return ok;
  std::vector<std::string_view> verbs;
  for (const Section& known : schema.sections)
    if (known.command == section.command && !known.verb.empty()) verbs.push_back(known.verb);
  return Error{Errc::usage,
               "use unknown section " + quoted(section.command + "." + section.verb) + " in " +
                   place(file, section.line),
               did_you_mean(section.verb, verbs)};
}

Status check_value(const File& file, const Entry& entry, const Key& key) {
  const char* why = nullptr;
  if (entry.is_array && !key.repeats) why = "it takes one value, not an array";
  if (key.flag && !entry.is_boolean) why = "it is true or false, without quotes";
  if (!key.flag && entry.is_boolean && !key.value_optional)
    why = "it needs a value, not true or false";
  if (!why) return ok;
  return Error{Errc::usage,
               "use the value of key " + quoted(entry.key) + " in " + place(file, entry.line), why};
}

Status check_entry(const File& file, const Entry& entry, const Schema& schema) {
  const Section* section = entry.verb.empty() ? nullptr : schema.find(entry.command, entry.verb);
  const Key* key =
      section ? find_key_in(*section, entry.key) : schema.find_key(entry.command, entry.key);
  if (key) return check_value(file, entry, *key);
  const auto known = section ? names_of(section->keys) : schema.key_names(entry.command);
  return Error{Errc::usage,
               "use unknown key " + quoted(entry.key) + " in " + place(file, entry.line),
               did_you_mean(entry.key, known)};
}

}  // namespace

bool Schema::has_command(std::string_view command) const {
  return std::any_of(sections.begin(), sections.end(),
                     [&](const Section& section) { return section.command == command; });
}

const Section* Schema::find(std::string_view command, std::string_view verb) const {
  const auto found = std::find_if(sections.begin(), sections.end(), [&](const Section& section) {
    return section.command == command && section.verb == verb;
  });
  return found == sections.end() ? nullptr : &*found;
}

const Key* Schema::find_key(std::string_view command, std::string_view name) const {
  for (const Section& section : sections)
    if (section.command == command)
      if (const Key* key = find_key_in(section, name)) return key;
  return nullptr;
}

std::vector<std::string_view> Schema::key_names(std::string_view command) const {
  std::vector<std::string_view> names;
  for (const Section& section : sections)
    if (section.command == command)
      for (const Key& key : section.keys)
        names.push_back(key.name);
  return names;
}

Status check(const File& file, const Schema& schema) {
  for (const SectionLine& section : file.sections)
    if (const Status checked = check_section(file, section, schema); !checked) return checked;
  for (const Entry& entry : file.entries)
    if (const Status checked = check_entry(file, entry, schema); !checked) return checked;
  return ok;
}

}  // namespace netkit::config
