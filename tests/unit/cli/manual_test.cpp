// Tests of a command's manual page for a small table: its sections, that options are told as --help
// tells them, and once.
#include "cli/manual.hpp"

#include <array>
#include <doctest/doctest.h>

#include "unit/cli/small_table.hpp"

using namespace netkit;
using namespace netkit::cli;

namespace {

std::string page_of(std::string_view name) {
  return command_page(*find(tests::table, name), tests::table);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

constexpr std::string_view prose = R"(
Paints, see `netkit-say`(1).

# FILES

`STATE/ink` :: What is left.

# NOTES
None.
)";
constexpr std::array<Command, 2> rows{{
    {.name = "paint", .summary = "Draw and erase", .verbs = tests::paint_verbs, .manual = prose},
    {.name = "say", .summary = "Say a word", .verbs = tests::say_verbs},
}};

}  // namespace

TEST_CASE("command_page: name, synopsis, verbs, options with their defaults") {
  const std::string page = page_of("paint");
  CHECK(has(page,
            ".SH NAME\nnetkit\\-paint \\- draw and erase\n.SH SYNOPSIS\n"
            "\\fBnetkit paint draw\\fR [OPTIONS] [PLACE] [FILE...]\n.br\n"
            "\\fBnetkit paint erase\\fR [OPTIONS] WORD\n.SH DESCRIPTION\nDraw and erase.\n"
            ".SH VERBS\n.SS netkit paint draw\nDraw a thing.\n.PP\n"
            "Draws one thing after the other.\n.TP\n\\fIPLACE\\fR\nWhere to draw.\n"));
  CHECK(has(page,
            ".PP\nForm:\n.TP\n\\fB\\-s\\fR, \\fB\\-\\-shape\\fR \\fIround|square\\fR\n"
            "Which shape (default: round).\n"));
  CHECK(has(page,
            "\\fB\\-\\-ink\\fR \\fINAME\\fR\nUse this colour; may be repeated "
            "(default: black red).\n"));
  CHECK(has(page, "\\fB\\-\\-fill\\fR\nFill it.\n"));
}

TEST_CASE("command_page: exit codes, examples, environment and files") {
  const std::string page = page_of("paint");
  CHECK(has(page, ".PP\nExit status 5: there was nothing to draw.\n"));
  CHECK(has(page, ".SH EXIT STATUS\n.TP\n\\fB0\\fR\ndone\n"));
  CHECK(has(page, "\\fB5\\fR\nnot found"));
  CHECK(has(page, ".SH EXAMPLES\n.TP\n\\fBnetkit paint draw here\\fR\ndraws a round thing\n"));
  CHECK(has(page, "\\fBNETKIT_PAINT_NAME\\fR"));
  CHECK(has(page, "sections [paint] and [paint.VERB]."));
  CHECK(has(page, ".SH GLOBAL OPTIONS\nTold by \\fBnetkit\\fR(1): \\fB\\-h, \\-\\-help\\fR,"));
  CHECK_FALSE(has(page, "STATE"));
}

TEST_CASE("command_page: without verbs the description leads and the exit codes are its own") {
  const std::string page = page_of("say");
  CHECK(has(page, ".SH DESCRIPTION\nSays it.\n.SH OPTIONS\n.TP\n\\fIWORD\\fR\nAny word.\n"));
  CHECK_FALSE(has(page, ".SH VERBS"));
  CHECK_FALSE(has(page, ".SH EXAMPLES"));
  CHECK(has(page, "sections [say].\n"));
}

TEST_CASE("command_page: the prose, its own files and whom it names") {
  const std::string page = command_page(rows[0], rows);
  CHECK(has(page, ".SH DESCRIPTION\nPaints, see \\fBnetkit\\-say\\fR(1).\n.SH VERBS\n"));
  CHECK(count(page, ".SH FILES\n") == 1);
  CHECK(has(page,
            "[paint.VERB].\n.TP\n\\fBSTATE/ink\\fR\nWhat is left.\n.SH NOTES\nNone.\n"
            ".SH SEE ALSO\n\\fBnetkit\\fR(1), \\fBnetkit\\-say\\fR(1), "));
}

TEST_CASE("command_page: options that two verbs share are told once") {
  class Many final : public Action {
   public:
    void declare(Options& options) override {
      options.heading("Both");
      options.flag("one", one_, "First");
      options.flag("two", two_, "Second");
    }
    Status run(Context&) override { return ok; }

   private:
    bool one_ = false;
    bool two_ = false;
  };
  const auto make = []() -> std::unique_ptr<Action> { return std::make_unique<Many>(); };
  const std::array<Verb, 2> verbs{{{"a", "A", "", {}, {}, make}, {"b", "B", "", {}, {}, make}}};
  const Command command{.name = "twice", .summary = "Twice", .verbs = verbs};
  const std::string page = command_page(command, {&command, 1});
  CHECK(count(page, "\\fB\\-\\-one\\fR") == 1);
  CHECK(has(page, ".SS netkit twice b\nB.\n.PP\nBoth: as of \\fBnetkit twice a\\fR above.\n"));
}
