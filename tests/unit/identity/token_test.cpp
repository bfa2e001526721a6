// Tests of bearer tokens and one-time codes: their forms, and that no two are alike.
#include "identity/token.hpp"

#include <doctest/doctest.h>
#include <set>

using namespace netkit::identity;

TEST_CASE("make_token: nk_ and 43 characters of base64url, never the same") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string token = make_token();
    CHECK(token.size() == 46);
    CHECK(is_token(token));
    CHECK(seen.insert(token).second);
  }
}

TEST_CASE("is_token: refuses every other form") {
  const std::string good = "nk_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno-_";
  CHECK(is_token(good));
  CHECK_FALSE(is_token(""));
  CHECK_FALSE(is_token("nk_"));
  CHECK_FALSE(is_token(good + "A"));
  CHECK_FALSE(is_token(good.substr(0, 45)));
  CHECK_FALSE(is_token("nq_" + good.substr(3, 43)));
  CHECK_FALSE(is_token(good.substr(0, 45) + "="));
  CHECK_FALSE(is_token(good.substr(0, 45) + std::string(1, '\0')));
}

TEST_CASE("make_code: three groups of four that can be typed in any case and spacing") {
  const std::string code = make_code();
  CHECK(code.size() == 14);
  CHECK(code[4] == '-');
  CHECK(code[9] == '-');
  CHECK(code.find_first_of("ILOU") == std::string::npos);
  CHECK(normal_code(code) == code);
  CHECK(normal_code("ab12 cd34ef-56") == "AB12-CD34-EF56");
  CHECK(normal_code("") == "");
  CHECK(make_code() != make_code());
}

TEST_CASE("secret_hash: SHA-256 as FIPS 180-2 gives it") {
  constexpr std::string_view hash{
      "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
      "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad",
      32};
  const bool same = secret_hash("abc") == hash;
  CHECK(same);
}
