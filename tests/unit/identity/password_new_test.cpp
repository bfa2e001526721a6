// Tests of typed passwords: their normal form, what cannot be one, and what guessers try first.
#include <algorithm>
#include <doctest/doctest.h>

#include "identity/password.hpp"
#include "identity/password_list.hpp"

using namespace netkit;
using namespace netkit::identity;

namespace {

std::string normal(std::string_view typed) {
  const auto password = normal_password(typed);
  REQUIRE(password);
  return std::string{password->view()};
}

std::error_code refusal(std::string_view typed) {
  const auto password = normal_password(typed);
  return password ? std::error_code{} : password.error().code;
}

/// The reason why this cannot be alice's new password; empty if it can.
std::string reason(std::string_view typed, std::string_view user = "alice.b") {
  const auto password = new_password(typed, user);
  if (password) return "";
  CHECK(password.error().code == Errc::refused);
  // The error is shown and logged: the password itself is never in it.
  if (typed != "password") CHECK(password.error().message().find(typed) == std::string::npos);
  return password.error().hint;
}

constexpr std::string_view common = "it is one of the most common ones";
constexpr std::string_view row = "it is a row of letters, digits or keys";
constexpr std::string_view repeated = "it repeats a few characters";
constexpr std::string_view own_name = "it is the user's name";

}  // namespace

TEST_CASE("normal_password: an accent is the same however it was typed") {
  const std::string composed = "caf\xc3\xa9 cr\xc3\xa8me";
  const std::string decomposed = "cafe\xcc\x81 cre\xcc\x80me";
  CHECK(normal(composed) == composed);
  CHECK(normal(decomposed) == composed);
  // Hangul, and two marks in either order (NormalizationTest.txt of Unicode).
  CHECK(normal("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8 12345678") == "\xea\xb0\x81 12345678");
  CHECK(normal("12345678 a\xcc\xa3\xcc\x87") == normal("12345678 a\xcc\x87\xcc\xa3"));
  // Angstrom sign; a ligature is not touched, since NFC is not NFKC.
  CHECK(normal("\xe2\x84\xab 12345678") == "\xc3\x85 12345678");
  CHECK(normal("\xef\xac\x81 12345678") == "\xef\xac\x81 12345678");
}

TEST_CASE("normal_password: 8 to 1,024 bytes after normalising, any characters") {
  CHECK(refusal("1234567") == Errc::usage);
  CHECK(refusal("") == Errc::usage);
  CHECK(normal("       8").size() == 8);
  CHECK(normal("\xf0\x9f\x94\x91\xf0\x9f\x94\x92").size() == 8);
  CHECK(normal("cafe\xcc\x81 12").size() == 8);
  CHECK(refusal("cafe\xcc\x81 1") == Errc::usage);  // 8 bytes typed, 7 in NFC.
  CHECK(normal(std::string(1024, 'x')).size() == 1024);
  CHECK(refusal(std::string(1025, 'x')) == Errc::usage);
  std::string decomposed;
  for (int i = 0; i < 512; ++i)
    decomposed += "\xce\xb9\xcc\x88\xcc\x81";
  CHECK(normal(decomposed).size() == 1024);  // U+0390, three times as long when decomposed.
  CHECK(refusal(std::string(10 * 1024 * 1024, 'x')) == Errc::usage);
}

TEST_CASE("normal_password: refuses control characters and what is not UTF-8") {
  for (char c = 0; c < 0x20; ++c)
    CHECK(refusal(std::string{"good pass"} + c + "word") == Errc::usage);
  CHECK(refusal("good pass\x7fword") == Errc::usage);
  CHECK(refusal("good pass\xffword") == Errc::not_utf8);
  CHECK(refusal("good pass\xc3") == Errc::not_utf8);
  CHECK(refusal("good pass\xed\xa0\x80") == Errc::not_utf8);
  CHECK(refusal("good pass\xc0\x80") == Errc::not_utf8);
}

TEST_CASE("normal_password: at most 30 marks on a letter, so that ordering them costs no time") {
  const auto with_marks = [](int count) {
    std::string text = "good password a";
    for (int i = 0; i < count; ++i)
      text += i % 2 ? "\xcc\xa3" : "\xcc\x81";
    return text;
  };
  CHECK(refusal(with_marks(30)) == std::error_code{});
  CHECK(refusal(with_marks(30) + "b" + with_marks(30)) == std::error_code{});
  CHECK(refusal(with_marks(31)) == Errc::usage);
  CHECK(refusal(with_marks(1000)) == Errc::usage);
}

TEST_CASE("common_passwords: at least 500, sorted, of 8 lower-case bytes or more") {
  const auto list = common_passwords();
  CHECK(list.size() >= 500);
  CHECK(std::ranges::is_sorted(list));
  CHECK(std::ranges::adjacent_find(list) == list.end());
  for (const std::string_view each : list) {
    CAPTURE(each);
    CHECK(each.size() >= 8);
    CHECK(std::ranges::none_of(each, [](char c) { return (c >= 'A' && c <= 'Z') || c <= ' '; }));
    CHECK(reason(each) != "");
  }
}

TEST_CASE("new_password: refuses common ones however they are dressed up") {
  for (const std::string_view typed :
       {"password",          "PASSWORD",
        "Password1",         "password2024",
        "p4ssw0rd",          "P@ssw0rd!",
        "p4$$w0rd1!",        "Dragon2023!",
        "monkey99",          "liverpool",
        "liverpool!!!",      "123password",
        "!!sunshine!!",      "iloveyou",
        "trustno1",          "correct" /* 7 */,
        "summer2024!",       "passwordpassword",
        "dragondragon",      "\xef\xbd\x90\xef\xbd\x81\xef\xbd\x93\xef\xbd\x93word",
        "password123456789", "Winter!!!!!!!!!"}) {
    CAPTURE(typed);
    if (typed.size() < 8) continue;
    CHECK(!new_password(typed, "alice"));
  }
  CHECK(reason("Password1") == common);
  CHECK(reason("P@ssw0rd!") == common);
  CHECK(reason("dragondragon") == repeated);
}

TEST_CASE("new_password: refuses repetitions, sequences and keyboard walks") {
  for (const std::string_view typed :
       {"aaaaaaaaa", "zzzzzzzzzzzzzzzzz", "ababababab", "abcabcabc", "7w7w7w7w", "x9k2x9k2x9k2",
        "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"}) {
    CAPTURE(typed);
    CHECK(reason(typed) == repeated);
  }
  for (const std::string_view typed :
       {"hijklmnop", "ponmlkjih", "45678901", "QWERTZUI", "lkjhgfds", "edcrfvtgb", "aaaabbbbcccc",
        "mnop4567", "5tgb6yhn7ujm", "\xd0\xb0\xd0\xb1\xd0\xb2\xd0\xb3\xd0\xb4\xd0\xb5\xd0\xb6"}) {
    CAPTURE(typed);
    CHECK(reason(typed) != "");
  }
  CHECK(reason("hijklmnop") == row);
  CHECK(reason("5tgb6yhn7ujm") == row);
}

TEST_CASE("new_password: refuses the user's own name") {
  for (const std::string_view typed : {"alice.bloom", "ALICE.BLOOM", "alice.bloom1",
                                       "alice.bloom2024!", "moolb.ecila", "!!alice.bloom"}) {
    CAPTURE(typed);
    CHECK(reason(typed, "Alice.Bloom") == own_name);
  }
  CHECK(reason("j.gruber", "J.Gruber@example.org") == own_name);
  CHECK(reason("j.gruber@example.org", "J.Gruber@example.org") == own_name);
  CHECK(reason("j\xc3\xbcrgen77", "J\xc3\x9crgen") == own_name);
  CHECK(reason("negr\xc3\xbcj77", "J\xc3\x9crgen") == own_name);
  CHECK(reason("alice likes her garden", "alice") == "");
  CHECK(reason("83920174", "12345") == "");
}

TEST_CASE("new_password: takes what is not guessed first, whatever it is made of") {
  for (const std::string_view typed :
       {"correct horse battery staple", "hunter2 went home", "83920174", "kD9#vq2L", "xkcdqpzm",
        "\xe6\xad\xa3\xe3\x81\x97\xe3\x81\x84\xe9\xa6\xac",
        "\xf0\x9f\x90\xb4\xf0\x9f\x94\x8b\xf0\x9f\x93\x8e", "rock938492837513",
        "my password is long", "the summer of 2024"}) {
    CAPTURE(typed);
    CHECK(reason(typed) == "");
  }
}

TEST_CASE("new_password: gives the normal form and normal_password()'s errors") {
  const auto password = new_password("cafe\xcc\x81 cre\xcc\x80me br\xc3\xbbl\xc3\xa9\x65", "alice");
  REQUIRE(password);
  CHECK(password->view() == "caf\xc3\xa9 cr\xc3\xa8me br\xc3\xbbl\xc3\xa9\x65");
  CHECK(new_password("short", "alice").error().code == Errc::usage);
  CHECK(new_password("good pass\xffword", "alice").error().code == Errc::not_utf8);
  // A name that cannot be read as text is no reason to refuse a password.
  CHECK(new_password("kD9#vq2L", "\xff\xff\xff\xff"));
}
