// Patterns over names.
#include "transfer/glob.hpp"

#include <cstddef>
#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <vector>

namespace netkit::transfer {
namespace {

struct Case {
  std::string_view pattern;
  std::vector<std::string_view> fits;
  std::vector<std::string_view> not_fits;
};

void check(const Case& each) {
  CAPTURE(each.pattern);
  for (const std::string_view name : each.fits) {
    CAPTURE(name);
    CHECK(matches(each.pattern, name));
  }
  for (const std::string_view name : each.not_fits) {
    CAPTURE(name);
    CHECK_FALSE(matches(each.pattern, name));
  }
}

/// What matches() should say, by trying everything: for patterns of * and letters only.
bool matches_by_trying(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() != '*')
    return !name.empty() && pattern.front() == name.front() &&
           matches_by_trying(pattern.substr(1), name.substr(1));
  for (std::size_t taken = 0; taken <= name.size(); ++taken)
    if (matches_by_trying(pattern.substr(1), name.substr(taken))) return true;
  return false;
}

/// All texts of up to `size_max` of these letters.
std::vector<std::string> all_texts(std::string_view letters, std::size_t size_max) {
  std::vector<std::string> all{""};
  for (std::size_t begin = 0, size = 0; size < size_max; ++size) {
    const std::size_t end = all.size();
    for (; begin < end; ++begin)
      for (const char letter : letters)
        all.push_back(all[begin] + letter);
  }
  return all;
}

}  // namespace

TEST_CASE("matches: letters, ? and *") {
  check({"abc", {"abc"}, {"", "ab", "abcd", "Abc", "xabc"}});
  check({"", {}, {"a"}});
  check({"?", {"a", "\n", "\xff"}, {"", "ab", "\xc3\xa9"}});
  check({"*", {"a", "abc", "\xff\n", "*"}, {}});
  check({"*.txt", {"a.txt", "a.txt.txt"}, {".txt", "a.tx", "a.txtx", "txt"}});
  check({"a*b*c", {"abc", "aXbYc", "abcbc"}, {"ab", "acb", "abcx"}});
  check({"a**b", {"ab", "axb"}, {"a"}});
  check({"*a", {"a", "aa", "aba"}, {"ab", ""}});
  check({"a?*", {"ab", "abc"}, {"a"}});
}

TEST_CASE("matches: a name that begins with a dot wants a pattern that does") {
  check({".*", {".a", ".", ".."}, {"a"}});
  check({"\\.*", {".a"}, {}});
  check({"*", {}, {".a", "."}});
  check({"?a", {}, {".a"}});
  check({"[.]a", {}, {".a"}});
  check({"[!b]a", {"ca"}, {".a"}});
  check({"a.*", {"a.b"}, {}});
}

TEST_CASE("matches: classes, their ranges and what is not in them") {
  check({"[abc]", {"a", "b", "c"}, {"d", "", "ab", "[abc]"}});
  check({"[a-c]x", {"ax", "cx"}, {"dx", "-x"}});
  check({"[!a-c]", {"d", "!", "-"}, {"a", "c"}});
  check({"[^a]", {"b"}, {"a"}});
  check({"[]a]", {"]", "a"}, {"b"}});
  check({"[!]a]", {"b"}, {"]", "a"}});
  check({"[a-]", {"a", "-"}, {"b"}});
  check({"[-a]", {"a", "-"}, {"b"}});
  check({"[\\]-_]", {"]", "^", "_"}, {"\\", "a"}});
  check({"[a\\-c]", {"a", "-", "c"}, {"b"}});
  check({"[c-a]", {}, {"a", "b", "c"}});
  check({"[\x80-\xff]", {"\x80", "\xff"}, {"a", "\x7f"}});
  check({"*[0-9]", {"a1", "1", "12"}, {"a", "1a"}});
}

TEST_CASE("matches: a class that is never closed is its letters") {
  check({"[", {"["}, {"a", ""}});
  check({"[a", {"[a"}, {"a"}});
  check({"[]", {"[]"}, {"]"}});
  check({"[!]", {"[!]"}, {"a"}});
  check({"[a-", {"[a-"}, {"a"}});
  check({"[a\\", {"[a\\"}, {"a"}});
  check({"*[a", {"[a", "b[a"}, {"a"}});
}

TEST_CASE("matches: a backslash takes the meaning from what follows") {
  check({"\\*", {"*"}, {"a", "\\*"}});
  check({"\\[a]", {"[a]"}, {"a"}});
  check({"\\\\", {"\\"}, {"\\\\"}});
  check({"\\a", {"a"}, {"\\a"}});
  check({"a\\", {"a\\"}, {"a"}});
}

TEST_CASE("matches: says of all short patterns and names what trying everything says") {
  const auto names = all_texts("ab", 6);
  for (const std::string& pattern : all_texts("ab*", 6))
    for (const std::string& name : names)
      if (matches(pattern, name) != matches_by_trying(pattern, name))
        FAIL_CHECK("pattern " << pattern << ", name " << name);
}

TEST_CASE("matches: takes no exponential time for a hostile pattern") {
  std::string stars;
  std::string unclosed{"*"};
  std::string brackets;
  for (int i = 0; i < 1000; ++i) {
    stars += "a*";
    unclosed += "[a";
    brackets += "[a";
  }
  const std::string name(2000, 'a');
  CHECK_FALSE(matches(stars + "b", name));
  CHECK(matches(stars, name));
  CHECK(matches(unclosed, brackets + brackets));
  CHECK_FALSE(matches(unclosed + "b", brackets + brackets));
}

TEST_CASE("has_wildcards: sees those that are not escaped") {
  for (const char* const text : {"*", "a?", "[a]", "a/[", "\\\\*"})
    CHECK(has_wildcards(text));
  for (const char* const text : {"", "a", "\\*", "a\\?\\[b]", "a]", "\\"})
    CHECK_FALSE(has_wildcards(text));
}

TEST_CASE("unescape: takes each backslash off once") {
  CHECK(unescape("a\\*b") == "a*b");
  CHECK(unescape("\\\\n") == "\\n");
  CHECK(unescape("a\\") == "a\\");
  CHECK(unescape("").empty());
}

}  // namespace netkit::transfer
