// Tests of hashing and verifying: third parties' vectors, what is refused uncomputed, peppers.
#include "identity/password.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::identity;

namespace {

/// As little as Argon2 computes: these tests are about the strings.
constexpr HashParameters tiny{64, 1, 1};
const Peppers no_peppers;

Secret secret(std::string_view text) {
  return Secret{std::string{text}};
}

}  // namespace

TEST_CASE("hash_password: gives a PHC string that verifies, salted anew each time") {
  const auto first = hash_password(secret("correct horse"), tiny, no_peppers);
  const auto second = hash_password(secret("correct horse"), tiny, no_peppers);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
  CHECK(first->size() == 28 + 22 + 1 + 43);
  CHECK(*first != *second);
  const auto right = verify_password(*first, secret("correct horse"), tiny, no_peppers);
  REQUIRE(right);
  CHECK(right->match);
  CHECK_FALSE(right->outdated);
  const auto wrong = verify_password(*first, secret("correct horsf"), tiny, no_peppers);
  REQUIRE(wrong);
  CHECK_FALSE(wrong->match);
}
