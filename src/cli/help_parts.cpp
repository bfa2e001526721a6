// Words for options, arguments and exit codes.
#include "cli/help_parts.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/exit_code.hpp"

namespace netkit::cli {

std::string spoken(const Command& command, const Verb& verb) {
  const std::string name = "netkit " + std::string{command.name};
  return verb.name.empty() ? name : name + " " + std::string{verb.name};
}

std::string usage_line(const Command& command, const Verb& verb, const Options& options) {
  std::string line = spoken(command, verb) + " [OPTIONS]";
  for (const Option& option : options.all()) {
    if (!option.positional) continue;
    const std::string name = option_form(option);
    line += option.required ? " " + name : " [" + name + "]";
  }
  return line;
}

std::string option_form(const Option& option) {
  if (option.positional) return option.name + (option.repeats ? "..." : "");
  std::string text = option.letter ? std::string{"-"} + option.letter + ", " : "";
  text += "--" + option.name;
  if (option.alone) return text + "[=" + option.value_name + "]";
  return option.value_name.empty() ? text : text + " " + option.value_name;
}

std::string option_meaning(const Option& option) {
  std::string text = option.help;
  if (option.repeats && !option.positional) text += "; may be repeated";
  if (!option.flag && !option.defaults.empty() && !option.defaults.front().empty())
    text += " (default: " + join(option.defaults, " ") + ")";
  return text;
}

std::string_view heading_of(const Option& option) {
  return option.positional ? std::string_view{"Arguments"} : option.heading;
}

std::vector<const Option*> by_heading(const Options& options) {
  std::vector<const Option*> sorted;
  for (const Option& option : options.all())
    if (option.positional) sorted.push_back(&option);
  for (const Option& first : options.all()) {
    const bool is_there = std::ranges::find(sorted, &first) != sorted.end();
    for (const Option& option : options.all())
      if (!is_there && !option.positional && option.heading == first.heading)
        sorted.push_back(&option);
  }
  return sorted;
}

std::array<ExitNote, 9> exit_notes(std::span<const ExitNote> own) {
  std::array<ExitNote, 9> notes{{
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
  for (ExitNote& note : notes)
    for (const ExitNote& each : own)
      if (each.code == note.code) note.when = each.when;
  return notes;
}

}  // namespace netkit::cli
