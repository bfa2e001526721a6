// Tests of what is typed at the menu.
#include "commands/filesrv/menu_words.hpp"

#include <doctest/doctest.h>
#include <string_view>

using namespace netkit::filesrv;
using namespace std::string_view_literals;

namespace {

Choice choice_of(std::string_view line) {
  MenuWords words;
  const MenuWords::Step step = words.take(line);
  if (step.choice != Choice::none) CHECK(step.say.empty());
  return step.choice;
}

}  // namespace

TEST_CASE("MenuWords: takes numbers and words, whatever their case") {
  CHECK(choice_of("1") == Choice::list);
  CHECK(choice_of(" list ") == Choice::list);
  CHECK(choice_of("2 a") == Choice::get);
  CHECK(choice_of("GET a") == Choice::get);
  CHECK(choice_of("3") == Choice::time);
  CHECK(choice_of("4") == Choice::info);
  CHECK(choice_of("5") == Choice::quit);
  CHECK(choice_of("Quit") == Choice::quit);
}

TEST_CASE("MenuWords: refuses nonsense with a sentence") {
  for (const std::string_view line : {"0"sv, "6"sv, "11"sv, "1x"sv, "-1"sv, "hello"sv, "3 now"sv,
                                      "5 5"sv, R"(2 a\)"sv, "\x1b[A"sv}) {
    CAPTURE(line);
    MenuWords words;
    const MenuWords::Step step = words.take(line);
    CHECK(step.choice == Choice::none);
    CHECK(step.say.size() == 1);
    CHECK(words.prompt() == "choice: ");
  }
}

TEST_CASE("MenuWords: asks for the file that is to be fetched") {
  MenuWords words;
  CHECK(words.take("2").choice == Choice::none);
  CHECK(words.prompt() == "file: ");
  const MenuWords::Step step = words.take(R"( a\nb 1 )");
  CHECK(step.choice == Choice::get);
  CHECK(step.name == "a\nb 1");
  CHECK(words.prompt() == "choice: ");
}

TEST_CASE("MenuWords: a number is a name where a name is asked for") {
  MenuWords words;
  words.take("get");
  const MenuWords::Step step = words.take("5");
  CHECK(step.choice == Choice::get);
  CHECK(step.name == "5");
}

TEST_CASE("MenuWords: the question for a name can be given up") {
  MenuWords words;
  words.take("2");
  const MenuWords::Step step = words.take("");
  CHECK(step.choice == Choice::none);
  CHECK(step.say.size() == 1);
  CHECK(words.prompt() == "choice: ");
  words.take("2");
  CHECK(words.forget());
  CHECK_FALSE(words.forget());
  CHECK(words.take("5").choice == Choice::quit);
}

TEST_CASE("MenuWords: an empty line shows the menu again, a folder may be listed") {
  MenuWords words;
  CHECK(words.take("").say == MenuWords::menu());
  CHECK(MenuWords::menu().size() == 5);
  const MenuWords::Step step = words.take("1 docs/old");
  CHECK(step.choice == Choice::list);
  CHECK(step.name == "docs/old");
}
