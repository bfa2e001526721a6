// Tests of secrets and of base64: that nothing is left behind, and that one text has one meaning.
#include "identity/secret.hpp"

#include <doctest/doctest.h>
#include <type_traits>

#include "identity/secret_base64.hpp"

using namespace netkit::identity;

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(std::is_nothrow_move_assignable_v<Secret>);

TEST_CASE("wipe: overwrites all of the memory, cut-off parts too, and leaves an empty text") {
  for (const std::size_t size : {std::size_t{5}, std::size_t{15}, std::size_t{500}}) {
    std::string text(size, 'x');
    text.resize(3);
    wipe(text);
    CHECK(text.empty());
    text.resize(text.capacity(), '\0');
    CHECK(text.find('x') == std::string::npos);
  }
}

TEST_CASE("Secret: a moved-from one holds nothing, short texts included") {
  for (const std::string& text : {std::string(5, 'x'), std::string(500, 'x')}) {
    Secret from{text};
    const char* const inside = from.view().data();
    Secret to{std::move(from)};
    CHECK(to.view() == text);
    CHECK(from.empty());
    // A short text lay inside the object, which still exists.
    if (text.size() < 16) CHECK(std::string_view{inside, 5}.find('x') == std::string_view::npos);

    Secret other{std::string{"another"}};
    other = std::move(to);
    CHECK(other.view() == text);
    CHECK(to.empty());
    Secret& same = other;
    other = std::move(same);
    CHECK(other.view() == text);
    CHECK(other.copy().view() == text);
    CHECK(other.size() == text.size());
  }
}

TEST_CASE("equal_secrets: equal bytes of equal length only") {
  CHECK(equal_secrets("", ""));
  CHECK(equal_secrets("abc", "abc"));
  CHECK_FALSE(equal_secrets("abc", "abd"));
  CHECK_FALSE(equal_secrets("abc", "ab"));
  CHECK_FALSE(equal_secrets({"a\0b", 3}, {"a\0c", 3}));
}

TEST_CASE("base64: RFC 4648's vectors without padding, both alphabets") {
  constexpr std::string_view pairs[][2] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : pairs) {
    CHECK(to_base64(bytes, Base64::standard) == text);
    CHECK(from_base64(text, Base64::standard) == bytes);
  }
  CHECK(to_base64("\xfb\xff\xfe", Base64::standard) == "+//+");
  CHECK(to_base64("\xfb\xff\xfe", Base64::url) == "-__-");
  CHECK(from_base64("-__-", Base64::url) == "\xfb\xff\xfe");
}

TEST_CASE("base64: refuses every second form of the same bytes") {
  for (const std::string_view text :
       {"A", "Zh", "Zm9", "Zg==", "Zg=", "Zm 9", "Zm9v\n", "Zm9vA", "-_"})
    CHECK(!from_base64(text, Base64::standard));
  CHECK(!from_base64("+/", Base64::url));
  CHECK(!from_base64(std::string_view{"Zg\0", 3}, Base64::url));
}
