// Tests of names: one form, nothing that deceives, and keys that are equal for what looks equal.
#include "identity/name.hpp"

#include <doctest/doctest.h>
#include <utf8proc.h>

#include "base/code_point.hpp"

using namespace netkit;
using namespace netkit::identity;

namespace {

std::string normal(std::string_view typed) {
  const Result<std::string> name = normal_name(typed);
  return name ? *name : "refused: " + name.error().hint;
}

bool refused(std::string_view typed) {
  const Result<std::string> name = normal_name(typed);
  return !name && (name.error().code == Errc::usage || name.error().code == Errc::not_utf8);
}

std::string repeated(std::string_view part, int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += part;
  return text;
}

std::string encoded(char32_t point) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(point), bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

}  // namespace

TEST_CASE("normal_name: leaves ordinary names as they are") {
  for (const char* name : {"ana", "Ana María", "王小明", "Ľubomír", "o'neill",
                           "a.b-c_d@example.org", "x", "الاسم", "नमस्ते", "ops+night", "7"})
    CHECK(normal(name) == name);
}

TEST_CASE("normal_name: composes what was typed in pieces") {
  // "é" as e and U+0301; the angstrom sign U+212B as U+00C5; Hangul jamo as a syllable.
  CHECK(normal("Rene\xcc\x81") == "Ren\xc3\xa9");
  CHECK(normal("\xe2\x84\xab") == "\xc3\x85");
  CHECK(normal("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab") == "\xed\x95\x9c");
}

TEST_CASE("normal_name: takes 1 to 64 characters, counted after it is composed") {
  CHECK(refused(""));
  CHECK(normal(std::string(64, 'a')).size() == 64);
  CHECK(refused(std::string(65, 'a')));
  CHECK(normal(repeated("e\xcc\x81", 64)) == repeated("\xc3\xa9", 64));
  CHECK(refused(repeated("\xe7\x8e\x8b", 65)));
  CHECK(normal(repeated("\xf0\xa0\x80\x80", 64)).size() == 256);
  CHECK(refused(std::string(10 * 1024 * 1024, 'a')));
  CHECK(normal_name(std::string(65, 'a')).error().message() ==
        "cannot take that name: it has 65 characters, and 64 are the most");
}

TEST_CASE("normal_name: refuses what a reader does not see or is deceived by") {
  for (const char* bad : {"a\nb",
                          "a\tb",
                          "a\x1b[31mb",
                          "a\x7f",
                          "a\xc2\x85",
                          "a\xc2\xa0"
                          "b",
                          "a\xe2\x80\xa8"
                          "b",
                          "a\xe2\x80\x8b",
                          "a\xe2\x80\xae"
                          "b",
                          "a\xe2\x81\xa6"
                          "b",
                          "a\xd8\x9c",
                          "a\xc2\xad"
                          "b",
                          "a\xe2\x80\x8d"
                          "b",
                          "a\xef\xbb\xbf",
                          "\xe3\x85\xa4",
                          "\xe2\xa0\x80",
                          "a\xcd\x8f"
                          "b",
                          "a\xef\xb8\x8f",
                          "\xee\x80\x80",
                          "a\xef\xbf\xbe",
                          "a\xf3\xa0\x80\x81",
                          "a\xcd\xb8",
                          "\xcc\x81"
                          "a",
                          "\xe3\x80\x80"
                          "a"})
    CHECK_MESSAGE(refused(bad), bad);
  CHECK(refused(std::string("a\0b", 3)));
}

TEST_CASE("normal_name: has single spaces inside only") {
  CHECK(normal("a b c") == "a b c");
  for (const char* bad : {" a", "a ", "a  b", " ", "  "})
    CHECK_MESSAGE(refused(bad), bad);
}

TEST_CASE("normal_name: refuses what is not UTF-8, with a code of its own") {
  for (const char* bad : {"\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    const Result<std::string> name = normal_name(bad);
    REQUIRE_FALSE(name);
    CHECK(name.error().code == Errc::not_utf8);
  }
}

TEST_CASE("normal_name: refuses a token that was pasted, without repeating it") {
  const std::string token = "nk_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno-_";
  for (const std::string& bad : {token, "nkt_AAAA" + std::string(10, 'x'), std::string{"nkd_x"}}) {
    CHECK(refused(bad));
    CHECK(normal_name(bad).error().message().find(bad) == std::string::npos);
  }
  CHECK(normal("nk") == "nk");
}

TEST_CASE("name_key: is one for what differs by case, width or composition") {
  CHECK(name_key("Ana") == "ana");
  CHECK(name_key("\xef\xbc\xa1\xef\xbd\x8e\xef\xbd\x81") == "ana");  // Full-width "Ａｎａ".
  CHECK(name_key("Stra\xc3\x9f"
                 "e") == name_key("STRASSE"));
  CHECK(name_key("\xce\xa3\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x82") ==
        name_key("\xce\xa3\xce\x8a\xce\xa3\xce\xa5\xce\xa6\xce\x9f\xce\xa3"));  // Final sigma.
  CHECK(name_key("\xef\xac\x81n") == "fin");                                    // The ligature fi.
  CHECK(name_key("Ren\xc3\x89") == name_key("rene\xcc\x81"));
  CHECK(name_key("ana") != name_key("anna"));
  CHECK(name_key("\xd0\xb0na") != name_key("ana"));  // A Cyrillic letter is another letter.
}

TEST_CASE("name_key: is its own key, for every character that a name may have") {
  std::size_t taken = 0;
  for (char32_t point = 1; point <= 0x10ffff; ++point) {
    if (!utf8proc_codepoint_valid(static_cast<utf8proc_int32_t>(point))) continue;
    const Result<std::string> name = normal_name("a" + encoded(point));
    if (!name) continue;
    ++taken;
    const std::string key = name_key(*name);
    if (key.size() < 2 || name_key(key) != key || *normal_name(*name) != *name) {
      CAPTURE(static_cast<std::uint32_t>(point));
      CHECK(key == name_key(key));
      CHECK(key.size() >= 2);
      CHECK(*normal_name(*name) == *name);
    }
  }
  CHECK(taken > 140'000);
}

TEST_CASE("check_user_name: keeps apart what stands beside users") {
  CHECK(check_user_name("ana"));
  CHECK(check_user_name("12345678"));
  CHECK(check_user_name("a@b/c"));
  for (const char* bad : {"a:b", ":", "0123456789abcdef0123456789ABCDEF", "(unknown)", "(Unknown)",
                          "admin socket", "Admin Socket",
                          "\xef\xbc\xa1"
                          "dmin socket"}) {
    const Status checked = check_user_name(bad);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == Errc::usage);
  }
}
