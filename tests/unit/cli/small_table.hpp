// A command table for tests: one command with two verbs, one without, one that runs either way.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace netkit::cli::tests {

enum class Shape { round, square };

class DrawAction final : public Action {
 public:
  void declare(Options& options) override {
    options.positional("PLACE", place, "Where to draw").completes(Complete::endpoint);
    options.positionals("FILE", files, "What to draw").completes(Complete::file);
    options.heading("Form");
    options
        .choice("shape", shape, {{"round", Shape::round}, {"square", Shape::square}}, "Which shape")
        .with_letter('s');
    options.value("width", width, "N", "How many columns wide the drawing is at the most");
    options.values("ink", inks, "NAME", "Use this colour");
    options.value("out", out, "DIR", "Where to put it").completes(Complete::directory);
    options.flag("fill", fill, "Fill it");
  }
  Status run(Context&) override { return ok; }

  std::optional<net::Endpoint> place;
  std::vector<std::string> files;
  Shape shape = Shape::round;
  unsigned width = 80;
  std::vector<std::string> inks{"black", "red"};
  std::optional<std::string> out;
  bool fill = false;
};

class PlainAction final : public Action {
 public:
  void declare(Options& options) override {
    options.positional("WORD", word, "Any word").must_be_given();
  }
  Status run(Context&) override { return ok; }

  std::optional<std::string> word;
};

class SteerAction final : public Action {
 public:
  void declare(Options& options) override {
    options.value("to", to, "PLACE", "Where to").with_letter('t');
    options.flag("fast", fast, "Fast");
  }
  Status run(Context&) override { return ok; }

  std::optional<std::string> to;
  bool fast = false;
};

inline constexpr std::array<Example, 1> draw_examples{
    {{"netkit paint draw here", "draws a round thing"}}};
inline constexpr std::array<ExitNote, 1> draw_exits{{{5, "there was nothing to draw"}}};

inline constexpr std::array<Verb, 2> paint_verbs{{
    {.name = "draw",
     .summary = "Draw a thing",
     .description = "Draws one thing after the other.",
     .examples = draw_examples,
     .exits = draw_exits,
     .make = make_action<DrawAction>},
    {.name = "erase",
     .summary = "Erase a thing",
     .description = "Erases.",
     .examples = {},
     .exits = {},
     .make = make_action<PlainAction>},
}};
inline constexpr std::array<Verb, 1> say_verbs{{
    {.name = "",
     .summary = "Say a word",
     .description = "Says it.",
     .examples = {},
     .exits = {},
     .make = make_action<PlainAction>},
}};
inline constexpr std::array<Verb, 2> either_verbs{{
    {.name = "",
     .summary = "Run as it is",
     .description = "Runs.",
     .examples = {},
     .exits = {},
     .make = make_action<PlainAction>},
    {.name = "check",
     .summary = "Check only",
     .description = "Checks.",
     .examples = {},
     .exits = {},
     .make = make_action<PlainAction>},
}};

inline constexpr std::array<Verb, 2> steer_verbs{{
    {.name = "",
     .summary = "Steer",
     .description = "Steers.",
     .examples = {},
     .exits = {},
     .make = make_action<SteerAction>},
    either_verbs[1],
}};

inline constexpr std::array<Command, 4> rows{{
    {"paint", "Draw and erase", paint_verbs},
    {"say", "Say a word", say_verbs},
    {"either", "Run or check", either_verbs},
    {"steer", "Steer or check", steer_verbs},
}};
inline constexpr Table table{rows};

}  // namespace netkit::cli::tests
