// Tests of what is derived from a token: RFC 5869, RFC 8032, and values that an implementation of
// both in another language gave.
#include "identity/signing_key.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"
#include "identity/token.hpp"

using namespace netkit;
using namespace netkit::identity;

namespace {

constexpr std::string_view token = "nk_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno-_";

std::string bytes(std::string_view digits) {
  const auto raw = from_hex(digits);
  REQUIRE(raw);
  return *raw;
}

std::string derived(std::string_view key, std::string_view salt, std::string_view info,
                    std::size_t size) {
  const auto secret = hkdf_sha256(key, salt, info, size);
  REQUIRE(secret);
  return to_hex(secret->view());
}

}  // namespace

TEST_CASE("hkdf_sha256: RFC 5869, test cases 1 and 3") {
  CHECK(derived(std::string(22, '\x0b'), bytes("000102030405060708090a0b0c"),
                bytes("f0f1f2f3f4f5f6f7f8f9"), 42) ==
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  CHECK(derived(std::string(22, '\x0b'), "", "", 42) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
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

TEST_CASE("ticket_public_key, session_id_of: as HMAC, SHA-2 and Ed25519 elsewhere give them") {
  const auto key = ticket_public_key(token);
  REQUIRE(key);
  CHECK(to_hex(*key) == "702c39c17f45e54769dda55a21171d6906e3324f06777b5ff983d88a2a1744f8");
  CHECK(to_hex(session_id_of(token)) == "37c6d9590973a73254705e5654154e14");
  CHECK(session_id_of(token) != secret_hash(token).substr(0, session_id_size));
}

TEST_CASE("sign_as_holder: verifies with the holder's key and nobody else's") {
  const auto signature = sign_as_holder(token, "a message");
  REQUIRE(signature);
  CHECK(is_signed_by(*ticket_public_key(token), "a message", *signature));
  CHECK_FALSE(is_signed_by(*ticket_public_key(token), "a messagf", *signature));
  CHECK_FALSE(is_signed_by(*ticket_public_key(make_token()), "a message", *signature));
  CHECK(sign_as_holder("nk_short", "a message").error().code == Errc::usage);
  CHECK(ticket_public_key("").error().code == Errc::usage);
}
