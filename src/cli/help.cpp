// Lays help out for terminals of 80 columns and more.
#include "cli/help.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/help_parts.hpp"

namespace netkit::cli {
namespace {

constexpr std::size_t column = 28;
constexpr std::size_t width = 96;

/// `text` broken at spaces, each line after the first one indented.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t at = indent;
  for (const std::string_view word : split(text, ' ')) {
    if (at > indent && at + word.size() + 1 > width) {
      out += "\n" + std::string(indent, ' ');
      at = indent;
    } else if (at > indent) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
  }
  return out;
}

std::string row(const std::string& left, std::string_view right) {
  std::string line = "  " + left;
  if (line.size() + 2 > column) line += "\n";
  const std::size_t begin = line.rfind('\n') == std::string::npos ? line.size() : 0;
  return line + std::string(column - begin, ' ') + wrapped(right, column) + "\n";
}

std::string left_side(const Option& option) {
  return (option.positional || option.letter ? "" : "    ") + option_form(option);
}

std::string option_parts(const Options& options) {
  std::string text;
  std::string_view heading;
  for (const Option* const option : by_heading(options)) {
    if (heading != heading_of(*option))
      text.append("\n").append(heading = heading_of(*option)).append(":\n");
    text += row(left_side(*option), option_meaning(*option));
  }
  return text;
}

std::string exit_part(std::span<const ExitNote> own) {
  std::string text = "\nExit status:\n";
  for (const ExitNote& note : exit_notes(own))
    text += fmt::format("  {:<4} {}\n", note.code, wrapped(note.when, 7));
  return text;
}

std::string example_part(std::span<const Example> examples) {
  if (examples.empty()) return {};
  std::string text = "\nExamples:\n";
  for (const Example& example : examples)
    text += fmt::format("  {}\n      {}\n", example.line, wrapped(example.what, 6));
  return text;
}

/// What a command that runs without a verb can do besides.
std::string other_verbs(const Command& command, const Verb& verb) {
  if (!verb.name.empty() || command.has_no_verbs()) return {};
  std::string text = "\nVerbs:\n";
  for (const Verb& each : command.verbs)
    if (!each.name.empty()) text += row(std::string{each.name}, each.summary);
  return text +
         fmt::format("  `netkit {} VERB --help` tells all options of a verb.\n", command.name);
}

}  // namespace

std::string help_all(Table table, const Options& globals) {
  std::string text =
      "Usage: netkit [GLOBAL OPTIONS] COMMAND [VERB] [OPTIONS] [ARGUMENTS]\n\n"
      "The network tools of a small fleet in one file.\n\nCommands:\n";
  for (const Command& command : table)
    text += row(std::string{command.name}, command.summary);
  text += option_parts(globals);
  text += row("    --version", "Show version and features and exit");
  text += row("    --list", "List the commands, one a line");
  return text + "\n`netkit help COMMAND` tells more about each.\n";
}

std::string help_command(const Command& command) {
  std::string text = fmt::format("Usage: netkit {} VERB [OPTIONS] [ARGUMENTS]\n\n{}.\n\nVerbs:\n",
                                 command.name, command.summary);
  std::vector<Example> examples;
  for (const Verb& verb : command.verbs) {
    if (!verb.name.empty()) text += row(std::string{verb.name}, verb.summary);
    if (examples.size() < 3 && !verb.examples.empty()) examples.push_back(verb.examples.front());
  }
  return text + exit_part({}) + example_part(examples) +
         fmt::format("\n`netkit {} VERB --help` tells all options of a verb.\n", command.name);
}

std::string help_verb(const Command& command, const Verb& verb, const Options& options) {
  return "Usage: " + usage_line(command, verb, options) + "\n\n" + wrapped(verb.description, 0) +
         "\n" + other_verbs(command, verb) + option_parts(options) + exit_part(verb.exits) +
         example_part(verb.examples) + "\n" +
         wrapped(
             fmt::format("Each option with a long name is also a key of [{}{}{}] in netkit.toml "
                         "and a variable {}.",
                         command.name, verb.name.empty() ? "" : ".", verb.name,
                         config::variable_name(command.name, "name")),
             0) +
         "\n";
}

}  // namespace netkit::cli
