// Tests of the text of --help for a small table: usage lines, defaults, headings, line lengths.
#include "cli/help.hpp"

#include <doctest/doctest.h>

#include "base/text.hpp"
#include "cli/globals.hpp"
#include "unit/cli/small_table.hpp"

using namespace netkit;
using namespace netkit::cli;
using tests::table;

namespace {

std::string verb_help(std::string_view command_name, std::string_view verb_name) {
  const Command* command = find(table, command_name);
  const Verb* verb = command->find(verb_name);
  Options options;
  const auto action = verb->make();
  action->declare(options);
  return help_verb(*command, *verb, options);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("help_verb: usage, arguments, options with defaults, exit status, examples") {
  const std::string text = verb_help("paint", "draw");
  CHECK(
      text.starts_with("Usage: netkit paint draw [OPTIONS] [PLACE] [FILE...]\n\n"
                       "Draws one thing after the other.\n\nArguments:\n"
                       "  PLACE                     Where to draw\n"
                       "  FILE...                   What to draw\n\nForm:\n"));
  CHECK(has(text, "  -s, --shape round|square  Which shape (default: round)\n"));
  CHECK(
      has(text,
          "      --width N             How many columns wide the drawing is at the most (default: "
          "80)\n"));
  CHECK(has(text,
            "      --ink NAME            Use this colour; may be repeated (default: black red)\n"));
  CHECK(has(text, "      --out DIR             Where to put it\n"));
  CHECK(has(text, "      --fill                Fill it\n"));
  CHECK(has(text, "\nExit status:\n  0    done\n  1    failed\n  2    usage"));
  CHECK(has(text, "  5    there was nothing to draw\n"));
  CHECK_FALSE(has(text, "not the expected one"));
  CHECK(has(text, "\nExamples:\n  netkit paint draw here\n      draws a round thing\n"));
  CHECK(has(text, "[paint.draw]"));
  CHECK(has(text, "NETKIT_PAINT_NAME"));
}

TEST_CASE("usage_line: a required argument stands without brackets, an absent verb is not there") {
  CHECK(verb_help("say", "").starts_with("Usage: netkit say [OPTIONS] WORD\n"));
  CHECK(has(verb_help("say", ""), "key of [say] in"));
}

TEST_CASE("help_verb: a section without content is left out") {
  CHECK_FALSE(has(verb_help("paint", "erase"), "Examples:"));
}

TEST_CASE("help: long texts are wrapped under their column, and no line is too long") {
  bool flag = false;
  Options options;
  options.flag("f", flag,
               "one two three four five six seven eight nine ten eleven twelve thirteen "
               "fourteen fifteen");
  options.flag("a-name-that-leaves-no-room-at-all", flag, "Stands below");
  const Command* command = find(table, "say");
  const std::string text = help_verb(*command, command->verbs.front(), options);
  CHECK(has(text,
            "      --f                   one two three four five six seven eight nine ten eleven "
            "twelve\n                            thirteen fourteen fifteen\n"));
  CHECK(has(text,
            "      --a-name-that-leaves-no-room-at-all\n                            Stands "
            "below\n"));
  Globals globals;
  Options all;
  declare_globals(all, globals);
  for (const std::string& help : {text, help_all(table, all), help_command(*find(table, "paint"))})
    for (const std::string_view line : split(help, '\n'))
      CHECK_MESSAGE(line.size() <= 100, line);
}

TEST_CASE("help_all: lists the commands and the global options") {
  Globals globals;
  Options options;
  declare_globals(options, globals);
  const std::string text = help_all(table, options);
  CHECK(has(text,
            "\nCommands:\n  paint                     Draw and erase\n"
            "  say                       Say a word\n"));
  CHECK(has(text, "  -h, --help                Show this help and exit\n"));
  CHECK(has(text, "  -v, --verbose             Log more"));
  CHECK(has(text, "--version"));
}

TEST_CASE("help_command: lists the verbs with their first examples") {
  const std::string text = help_command(*find(table, "paint"));
  CHECK(
      text.starts_with("Usage: netkit paint VERB [OPTIONS] [ARGUMENTS]\n\nDraw and erase.\n\n"
                       "Verbs:\n  draw                      Draw a thing\n"));
  CHECK(has(text, "netkit paint draw here"));
}

TEST_CASE("help_verb: a verb that may be left out names the others") {
  CHECK(has(verb_help("either", ""), "\nVerbs:\n  check                     Check only\n"));
  CHECK_FALSE(has(verb_help("either", "check"), "Verbs:"));
  CHECK_FALSE(has(verb_help("say", ""), "Verbs:"));
}
