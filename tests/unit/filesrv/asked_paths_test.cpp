// Tests of what a server may send, given what it was asked for.
#include "commands/filesrv/asked_paths.hpp"

#include <doctest/doctest.h>

using netkit::filesrv::is_answer_to;

TEST_CASE("is_answer_to: the file that was asked for, under its own name") {
  CHECK(is_answer_to("a", false, "a", 0));
  CHECK(is_answer_to("d/a", false, "d/a", 2));
  CHECK_FALSE(is_answer_to("a", false, "b", 0));
  CHECK_FALSE(is_answer_to("d/a", false, "d/a", 0));
  CHECK_FALSE(is_answer_to("d/a", false, "d/b", 2));
  CHECK_FALSE(is_answer_to("d/a", false, "e/a", 2));
  CHECK_FALSE(is_answer_to("a", false, "a/b", 2));
  CHECK_FALSE(is_answer_to("a", false, "a/b", 0));
  CHECK_FALSE(is_answer_to("a", false, "a", 1));
  CHECK_FALSE(is_answer_to("ab", false, "ab", 1));
  CHECK_FALSE(is_answer_to("a", false, "", 0));
}

TEST_CASE("is_answer_to: what is in a folder only with all that is in it") {
  CHECK(is_answer_to("d", true, "d", 0));
  CHECK(is_answer_to("d", true, "d/e/f", 0));
  CHECK(is_answer_to("c/d", true, "c/d/e/f", 2));
  CHECK_FALSE(is_answer_to("d", false, "d/e", 0));
  // It would choose the name of what comes to be here.
  CHECK_FALSE(is_answer_to("d", true, "d/e", 2));
  CHECK_FALSE(is_answer_to("c/d", true, "c/x", 2));
  CHECK_FALSE(is_answer_to("d", true, "de", 0));
  CHECK(is_answer_to("", true, "e/f", 0));
  CHECK_FALSE(is_answer_to("", true, "e/f", 2));
  CHECK_FALSE(is_answer_to("", false, "e", 0));
}

TEST_CASE("is_answer_to: what a pattern matches") {
  CHECK(is_answer_to("*.txt", false, "a.txt", 0));
  CHECK(is_answer_to("d/*", false, "d/a", 2));
  CHECK(is_answer_to("*/a", true, "d/a/b", 2));
  CHECK_FALSE(is_answer_to("*.txt", false, "a.sh", 0));
  CHECK_FALSE(is_answer_to("*", false, ".profile", 0));
  CHECK_FALSE(is_answer_to("*", false, "d/a", 2));
  CHECK_FALSE(is_answer_to("d/*", false, "d/a", 0));
  CHECK_FALSE(is_answer_to("d/*", false, "d/e/a", 4));
  CHECK(is_answer_to("[a]", false, "[a]", 0));
  CHECK(is_answer_to("[a]", false, "a", 0));
}

TEST_CASE("is_answer_to: any number of folders for **") {
  CHECK(is_answer_to("**/a", false, "a", 0));
  CHECK(is_answer_to("**/a", false, "b/c/a", 4));
  CHECK(is_answer_to("d/**/a", false, "d/a", 2));
  CHECK(is_answer_to("d/**/**/a", false, "d/b/c/a", 6));
  CHECK(is_answer_to("d/**", false, "d/b", 2));
  CHECK_FALSE(is_answer_to("**/a", false, "b/c/x", 4));
  CHECK_FALSE(is_answer_to("d/**/a", false, "e/a", 2));
}
