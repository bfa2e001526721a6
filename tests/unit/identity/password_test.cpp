// Tests of hashing and verifying Argon2id: third parties' vectors, what is refused uncomputed,
// peppers, and what is outdated.
#include "identity/password.hpp"

#include <doctest/doctest.h>

#include "base/hex.hpp"
#include "identity/password_argon2.hpp"

using namespace netkit;
using namespace netkit::identity;

namespace {

/// As little as Argon2 computes: these tests are about the strings.
constexpr HashParameters tiny{64, 1, 1};
const Peppers no_peppers;

// Made by the argon2 command from "correct horse battery" and the salt "somesalt12345678".
constexpr std::string_view stored =
    "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$"
    "bH+kGuewDq9DAPjDN5OGN0CeLFEXtpnENjq2nGPqNYs";

Secret secret(std::string_view text) {
  return Secret{std::string{text}};
}

std::error_code refusal(std::string_view encoded) {
  const auto checked = check_encoded(encoded);
  // Whatever is refused is refused by both, and at once.
  const auto verdict = verify_password(encoded, secret("correct horse battery"), tiny, no_peppers);
  if (!checked) REQUIRE(!verdict);
  if (!checked) CHECK(checked.error().code == verdict.error().code);
  return checked ? std::error_code{} : checked.error().code;
}

bool matches(std::string_view encoded, std::string_view password) {
  const auto verdict = verify_password(encoded, secret(password), tiny, no_peppers);
  REQUIRE(verdict);
  return verdict->match;
}

bool is_outdated(std::string_view encoded, const HashParameters& now) {
  const auto verdict = verify_password(encoded, secret("x"), now, no_peppers);
  REQUIRE(verdict);
  return verdict->outdated;
}

Peppers peppers(std::string_view text) {
  auto parsed = Peppers::parse(text);
  REQUIRE(parsed);
  return *std::move(parsed);
}

std::string with_parameters(std::string_view parameters) {
  return "$argon2id$v=19$" + std::string{parameters} + "$c29tZXNhbHQxMjM0NTY3OA$" +
         "bH+kGuewDq9DAPjDN5OGN0CeLFEXtpnENjq2nGPqNYs";
}

}  // namespace

TEST_CASE("argon2id: the test vector of RFC 9106, 5.3") {
  const std::string password(32, '\x01');
  const std::string salt(16, '\x02');
  const std::string key(8, '\x03');
  const std::string data(12, '\x04');
  const auto tag = argon2id({.password = password,
                             .salt = salt,
                             .secret = key,
                             .data = data,
                             .parameters = {32, 3, 4},
                             .tag_size = 32});
  REQUIRE(tag);
  CHECK(to_hex(tag->view()) == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
}

TEST_CASE("argon2id: parameters that Argon2 does not have are an error") {
  const auto tag = argon2id({.password = "x",
                             .salt = "saltsalt",
                             .secret = {},
                             .data = {},
                             .parameters = {64, 0, 1},
                             .tag_size = 32});
  REQUIRE(!tag);
  CHECK(tag.error().code == Errc::usage);
}

TEST_CASE("KeptHashMemory: keeps one block, follows the size, gives it back") {
  KeptHashMemory memory;
  CHECK(memory.size() == 0);
  CHECK(matches(stored, "correct horse battery"));
  CHECK(memory.size() == 64 * 1024);
  CHECK(matches(stored, "correct horse battery"));
  CHECK(memory.size() == 64 * 1024);
  CHECK(hash_password(secret("correct horse"), {128, 1, 1}, no_peppers));
  CHECK(memory.size() == 128 * 1024);
  memory.release();
  CHECK(memory.size() == 0);
  CHECK(matches(stored, "correct horse battery"));
}

TEST_CASE("hash_password: gives a PHC string that verifies, salted anew each time") {
  const auto first = hash_password(secret("correct horse"), tiny, no_peppers);
  const auto second = hash_password(secret("correct horse"), tiny, no_peppers);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
  CHECK(first->size() == 28 + 22 + 1 + 43);
  CHECK(*first != *second);
  CHECK(matches(*first, "correct horse"));
  CHECK_FALSE(matches(*first, "correct horsf"));
  CHECK_FALSE(matches(*first, "correct hors"));
  CHECK_FALSE(matches(*first, ""));
}

TEST_CASE("hash_password: refuses what could not be verified again") {
  CHECK(hash_password(secret("x"), {1024 * 1024 + 1, 1, 1}, no_peppers).error().code ==
        Errc::usage);
  CHECK(hash_password(secret("x"), {64, 65, 1}, no_peppers).error().code == Errc::usage);
  CHECK(hash_password(secret("x"), {1024, 1, 17}, no_peppers).error().code == Errc::usage);
}

TEST_CASE("verify_password: what the argon2 command made") {
  CHECK(matches(stored, "correct horse battery"));
  CHECK_FALSE(matches(stored, "correct horse batterx"));
  CHECK(matches("$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQxMjM0NTY3OA$grrC8dv8yIlELibmjy3HGg",
                "correct horse battery"));
  CHECK(
      matches("$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$2nGa6rQVJiZIPbHrYWeuG1Rdj8xVPy/T82K6gqc4"
              "WxXzJjg56KVjNtQCrSomjPN26+1xkFYeS6D3GpvsehSAcw",
              "p\xc3\xa9t\xc3\xa9 du soleil"));
}

TEST_CASE("verify_password: a stored hash that was cut anywhere is refused") {
  for (std::size_t size = 0; size < stored.size(); ++size) {
    CAPTURE(size);
    const std::error_code code = refusal(stored.substr(0, size));
    // Some cuts leave a whole, shorter tag.
    if (code) CHECK(code == Errc::malformed);
    if (!code) CHECK_FALSE(matches(stored.substr(0, size), "correct horse battery"));
  }
  CHECK_FALSE(matches(std::string{stored} + "A", "correct horse battery"));  // A longer tag.
  CHECK(refusal(std::string{stored} + "$") == Errc::malformed);
  CHECK(refusal(std::string{stored} + std::string(1, '\0')) == Errc::malformed);
}

TEST_CASE("verify_password: costs that are only claimed are refused uncomputed") {
  CHECK(refusal(with_parameters("m=1048577,t=1,p=1")) == Errc::too_large);
  CHECK(refusal(with_parameters("m=4294967295,t=1,p=1")) == Errc::too_large);
  CHECK(refusal(with_parameters("m=65536,t=65,p=1")) == Errc::too_large);
  CHECK(refusal(with_parameters("m=65536,t=4294967295,p=1")) == Errc::too_large);
  CHECK(refusal(with_parameters("m=65536,t=3,p=17")) == Errc::too_large);
  CHECK(refusal(with_parameters("m=1048576,t=9,p=1")) == Errc::too_large);
  CHECK(refusal(with_parameters("m=4294967296,t=1,p=1")) == Errc::malformed);
  CHECK(refusal(with_parameters("m=99999999999999999999,t=1,p=1")) == Errc::malformed);
  CHECK(check_encoded(with_parameters("m=1048576,t=8,p=16")));
}

TEST_CASE("verify_password: one way only to write the parameters") {
  for (const std::string_view parameters :
       {"m=064,t=1,p=1", "m=+64,t=1,p=1", "m=-64,t=1,p=1", "m= 64,t=1,p=1", "m=64,t=0,p=1",
        "m=64,t=1,p=0", "m=64,t=1", "t=1,m=64,p=1", "m=64,t=1,p=1,", "m=64,t=1,p=1,data=QUJD",
        "m=64,t=1,p=1,keyid=", "m=64,t=1,p=1,keyid=A", "m=64,t=1,p=1,keyid=QUJDREVGR0hJ",
        "m=64,t=1,p=1,keyid=QUI!", "m=64,t=1,p=9", "m=7,t=1,p=1", "m=,t=1,p=1", "m=0x40,t=1,p=1"}) {
    CAPTURE(parameters);
    CHECK(refusal(with_parameters(parameters)) == Errc::malformed);
  }
  CHECK(refusal("$argon2id$m=64,t=1,p=1$c29tZXNhbHQ$bH+kGuewDq9DAPjDN5OGNw") == Errc::malformed);
  CHECK(refusal("$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$bH+kGuewDq9DAPjDN5OGNw") ==
        Errc::malformed);
  CHECK(refusal("$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$bH+kGuewDq9DAPjDN5OGNw") ==
        Errc::malformed);
  CHECK(refusal("$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQ$bH+kGuewDq9DAPjDN5OGNw") ==
        Errc::malformed);
}

TEST_CASE("verify_password: salts and tags that are too short, too long or not base64") {
  const std::string head = "$argon2id$v=19$m=64,t=1,p=1$";
  const std::string tag = "$bH+kGuewDq9DAPjDN5OGNw";
  CHECK(check_encoded(head + "c29tZXNhbHQ" + tag));
  CHECK(refusal(head + "c29tZXNhbA" + tag) == Errc::malformed);                  // 7 bytes
  CHECK(refusal(head + std::string(88, 'A') + tag) == Errc::malformed);          // 66 bytes
  CHECK(refusal(head + "c29tZXNhbHR" + tag) == Errc::malformed);                 // spare bits
  CHECK(refusal(head + "c29tZXNhbHQ=" + tag) == Errc::malformed);                // padding
  CHECK(refusal(head + "c29tZXNh_HQ" + tag) == Errc::malformed);                 // url alphabet
  CHECK(refusal(head + "c29tZXNhbHQ$bH+kGuewDq9DAPjDN5OG") == Errc::malformed);  // 15 bytes
  CHECK(refusal(head + tag) == Errc::malformed);
  CHECK(refusal(head + "c29tZXNhbHQ$") == Errc::malformed);
  CHECK(refusal(head + "c29tZXNhbHQ$" + std::string(200'000, 'A')) == Errc::malformed);
}

TEST_CASE("verify_password: outdated when a parameter, the salt or the tag is below today's") {
  CHECK_FALSE(is_outdated(stored, tiny));
  CHECK_FALSE(is_outdated(stored, {32, 1, 1}));
  CHECK(is_outdated(stored, {65, 1, 1}));
  CHECK(is_outdated(stored, {64, 2, 1}));
  CHECK(is_outdated(stored, {64, 1, 2}));
  CHECK(
      is_outdated("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$"
                  "bH+kGuewDq9DAPjDN5OGN0CeLFEXtpnENjq2nGPqNYs",
                  tiny));
  CHECK(is_outdated("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$bH+kGuewDq9DAPjDN5OGNw",
                    tiny));
}

TEST_CASE("Peppers: the first hashes, all verify, another one now makes a hash outdated") {
  const Peppers old = peppers("an old pepper, 16+\n");
  const Peppers both = peppers("a new pepper, 16+\nan old pepper, 16+\n");
  const auto encoded = hash_password(secret("correct horse"), tiny, old);
  REQUIRE(encoded);
  CHECK(encoded->find(",keyid=" + std::string{old.current_id()} + "$") != std::string::npos);

  const auto now = verify_password(*encoded, secret("correct horse"), tiny, old);
  REQUIRE(now);
  CHECK(now->match);
  CHECK_FALSE(now->outdated);
  const auto later = verify_password(*encoded, secret("correct horse"), tiny, both);
  REQUIRE(later);
  CHECK(later->match);
  CHECK(later->outdated);
  const auto without = verify_password(*encoded, secret("correct horse"), tiny, no_peppers);
  REQUIRE(!without);
  CHECK(without.error().code == Errc::not_found);
}

TEST_CASE("Peppers: a hash without one verifies and is outdated once there is one") {
  const auto verdict =
      verify_password(stored, secret("correct horse battery"), tiny, peppers("sixteen bytes..."));
  REQUIRE(verdict);
  CHECK(verdict->match);
  CHECK(verdict->outdated);
}

TEST_CASE("Peppers: the secret is argon2's K, the id the start of its SHA-256") {
  // printf 'sixteen bytes...' | openssl dgst -sha256 -binary | base64 | cut -c1-8
  const Peppers one = peppers("\n  sixteen bytes...\r\n\n");
  CHECK(one.current_id() == "DxRCFm2E");
  REQUIRE(one.current());
  CHECK(one.current()->view() == "sixteen bytes...");
  CHECK(one.find("DxRCFm2E") == one.current());
  CHECK(one.find("DxRCFm2F") == nullptr);
  CHECK(one.find("") == nullptr);
}

TEST_CASE("Peppers: refuses short, long, doubled, too many and none") {
  const auto refused = [](std::string_view text) {
    const auto parsed = Peppers::parse(text);
    return !parsed && parsed.error().code == Errc::usage;
  };
  CHECK(refused(""));
  CHECK(refused(" \n\r\n"));
  CHECK(refused("fifteen bytes.."));
  CHECK(refused(std::string(1025, 'x')));
  CHECK(refused("sixteen bytes...\nsixteen bytes..."));
  std::string many;
  for (char c = 'a'; c < 'i'; ++c)
    many += std::string(16, c) + "\n";
  CHECK_FALSE(refused(many));
  CHECK(refused(many + std::string(16, 'z')));
}

TEST_CASE("decoy: costs what a hash costs, and nobody's password matches it") {
  const Peppers one = peppers("sixteen bytes...");
  CHECK(decoy({65536, 3, 1}, no_peppers).starts_with("$argon2id$v=19$m=65536,t=3,p=1$"));
  CHECK(check_encoded(decoy({65536, 3, 1}, no_peppers)));
  const auto verdict = verify_password(decoy(tiny, one), secret(""), tiny, one);
  REQUIRE(verdict);
  CHECK_FALSE(verdict->match);
  CHECK_FALSE(verdict->outdated);
}

TEST_CASE("check_parameters: between OWASP's floor and what would be computed") {
  CHECK(check_parameters(HashParameters{}));
  CHECK(check_parameters(floor_parameters));
  CHECK(check_parameters({1024 * 1024, 8, 16}));
  CHECK(check_parameters({19 * 1024 - 1, 2, 1}).error().code == Errc::usage);
  CHECK(check_parameters({19 * 1024, 1, 1}).error().code == Errc::usage);
  CHECK(check_parameters({19 * 1024, 2, 0}).error().code == Errc::usage);
  CHECK(check_parameters({1024 * 1024 + 1, 2, 1}).error().code == Errc::usage);
  CHECK(check_parameters({19 * 1024, 65, 1}).error().code == Errc::usage);
  CHECK(check_parameters({19 * 1024, 2, 17}).error().code == Errc::usage);
  CHECK(check_parameters({1024 * 1024, 9, 1}).error().code == Errc::usage);
}

TEST_CASE("tune: finds parameters that are allowed, lowers the memory before the floor") {
  using namespace std::chrono_literals;
  const auto quick = tune(1ns, 24 * 1024, 1);
  REQUIRE(quick);
  CHECK(quick->parameters == floor_parameters);
  CHECK(quick->took > 1ns);
  const auto slow = tune(400ms, 19 * 1024, 1);
  REQUIRE(slow);
  CHECK(slow->parameters.memory_kib == 19 * 1024);
  CHECK(slow->parameters.passes >= 2);
  CHECK(check_parameters(slow->parameters));
  CHECK(tune(0ns, 64 * 1024, 1).error().code == Errc::usage);
  CHECK(tune(11s, 64 * 1024, 1).error().code == Errc::usage);
  CHECK(tune(1ms, 18 * 1024, 1).error().code == Errc::usage);
  CHECK(tune(1ms, 64 * 1024, 0).error().code == Errc::usage);
}
