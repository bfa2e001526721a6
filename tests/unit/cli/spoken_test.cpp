// What strangers wrote, made safe to show.
#include "cli/spoken.hpp"

#include <cstdlib>
#include <ctime>
#include <doctest/doctest.h>

using namespace netkit::cli;

TEST_CASE("one_line: leaves nothing that drives a terminal") {
  CHECK(one_line("a\nb\r\nc") == "a / b / c");
  CHECK(one_line("\x1b[31mred\x07") == "\\x1b[31mred\\x07");
  CHECK(one_line("\xe2\x80\xae"
                 "evil") == "\\xe2\\x80\\xaeevil");
  CHECK(one_line("na\xc3\xafve \\d\tx") == "na\xc3\xafve \\d\tx");
  CHECK(one_line("\xff"
                 "a") == "\\xffa");
  CHECK(one_line("") == "");
}

TEST_CASE("one_line: done twice is done once") {
  const std::string once = one_line("\x1b[2J\\n \xe2\x80\xa8");
  CHECK(one_line(once) == once);
}

TEST_CASE("clock_text: hours and minutes of the reader's time zone") {
  setenv("TZ", "UTC", 1);
  tzset();
  CHECK(clock_text(1'795'235'137'123) == "04:25");
  CHECK(clock_text(UINT64_MAX).size() == 5);
}

TEST_CASE("painted, colour_of: a name has its colour, or none is wanted") {
  CHECK(painted("anna", "31", true) == "\x1b[31manna\x1b[0m");
  CHECK(painted("anna", "31", false) == "anna");
  CHECK(colour_of("anna") == colour_of("anna"));
}
