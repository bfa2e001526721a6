// Lays help out for terminals of 80 columns and more.
#include "cli/help.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "cli/exit_code.hpp"

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
  if (option.positional) return option.name + (option.repeats ? "..." : "");
  std::string text = option.letter ? std::string{"-"} + option.letter + ", " : "    ";
  text += "--" + option.name;
  if (option.alone) return text + "[=" + option.value_name + "]";
  return option.value_name.empty() ? text : text + " " + option.value_name;
}

std::string right_side(const Option& option) {
  std::string text = option.help;
  if (option.repeats && !option.positional) text += "; may be repeated";
  if (!option.flag && !option.defaults.empty() && !option.defaults.front().empty())
    text += " (default: " + join(option.defaults, " ") + ")";
  return text;
}

std::string option_parts(const Options& options) {
  std::vector<std::string> headings{"Arguments"};
  std::vector<std::string> parts{""};
  for (const Option& option : options.all()) {
    const std::string heading = option.positional ? "Arguments" : option.heading;
    auto at = std::find(headings.begin(), headings.end(), heading);
    if (at == headings.end()) {
      headings.push_back(heading);
      parts.emplace_back();
      at = headings.end() - 1;
    }
    parts[static_cast<std::size_t>(at - headings.begin())] +=
        row(left_side(option), right_side(option));
  }
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (!parts[i].empty()) text += "\n" + headings[i] + ":\n" + parts[i];
  return text;
}

std::string exit_part(std::span<const ExitNote> own) {
  constexpr std::array<ExitNote, 9> common{{
      {exit_done, "done"},
      {exit_failed, "failed"},
      {exit_usage, "usage or configuration error"},
      {exit_unreachable, "cannot reach or lost the peer"},
      {exit_refused, "refused: not authenticated, not allowed or not trusted"},
      {exit_not_found, "not found, or the answer was not the expected one"},
      {exit_timed_out, "timed out"},
      {exit_no_command, "no such command"},
      {exit_interrupted, "a client was interrupted (SIGINT); a server drains and exits 0"},
  }};
  std::string text = "\nExit status:\n";
  for (const ExitNote& note : common) {
    std::string_view when = note.when;
    for (const ExitNote& each : own)
      if (each.code == note.code) when = each.when;
    text += fmt::format("  {:<4} {}\n", note.code, wrapped(when, 7));
  }
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

std::string spoken(const Command& command, const Verb& verb) {
  const std::string name = "netkit " + std::string{command.name};
  return verb.name.empty() ? name : name + " " + std::string{verb.name};
}

}  // namespace

std::string usage_line(const Command& command, const Verb& verb, const Options& options) {
  std::string line = spoken(command, verb) + " [OPTIONS]";
  for (const Option& option : options.all()) {
    if (!option.positional) continue;
    const std::string name = option.name + (option.repeats ? "..." : "");
    line += option.required ? " " + name : " [" + name + "]";
  }
  return line;
}

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
  std::string variable{command.name};
  for (char& letter : variable)
    letter = letter == '-' ? '_' : static_cast<char>(letter & ~0x20);
  return "Usage: " + usage_line(command, verb, options) + "\n\n" + wrapped(verb.description, 0) +
         "\n" + other_verbs(command, verb) + option_parts(options) + exit_part(verb.exits) +
         example_part(verb.examples) + "\n" +
         wrapped(
             fmt::format("Each option with a long name is also a key of [{}{}{}] in netkit.toml "
                         "and a variable NETKIT_{}_NAME.",
                         command.name, verb.name.empty() ? "" : ".", verb.name, variable),
             0) +
         "\n";
}

}  // namespace netkit::cli
