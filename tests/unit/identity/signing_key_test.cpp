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
