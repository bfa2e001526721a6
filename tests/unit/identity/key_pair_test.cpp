// Tests of Ed25519 by the vectors of RFC 8032, 7.1.
#include "identity/key_pair.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"

using namespace netkit;
using namespace netkit::identity;

namespace {

std::string bytes(std::string_view digits) {
  const auto raw = from_hex(digits);
  REQUIRE(raw);
  return *raw;
}

}  // namespace

TEST_CASE("KeyPair: signs as RFC 8032, 7.1, test 2 has it") {
  const auto pair =
      KeyPair::from_seed(bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
  REQUIRE(pair);
  CHECK(to_hex(pair->public_key()) ==
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  CHECK(to_hex(pair->sign("\x72")) ==
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

TEST_CASE("KeyPair: a seed has 32 bytes, and no two made ones are the same") {
  CHECK(KeyPair::from_seed("short").error().code == Errc::usage);
  CHECK(KeyPair::make().public_key() != KeyPair::make().public_key());
}

TEST_CASE("is_signed_by: RFC 8032, 7.1, tests 1 and 2") {
  CHECK(is_signed_by(bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), "",
                     bytes("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                           "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")));
  const std::string key = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const std::string signature = bytes(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  CHECK(is_signed_by(key, "\x72", signature));
  CHECK_FALSE(is_signed_by(key, "\x73", signature));
  CHECK_FALSE(is_signed_by(key, "", signature));
  CHECK_FALSE(is_signed_by(key.substr(1), "\x72", signature));
  CHECK_FALSE(is_signed_by(key, "\x72", signature.substr(1)));
  CHECK_FALSE(is_signed_by("", "\x72", ""));
}

TEST_CASE("is_signed_by: a signature has one form (RFC 8032, 5.1.7: S below the order)") {
  // The signature of test 2 with the order of the group added to its S.
  CHECK_FALSE(is_signed_by(
      bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"), "\x72",
      bytes("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "f52db7415978abc61b2c2eb6aeebfca0387b2eaeb4302aeeb00d291612bb0c10")));
}
