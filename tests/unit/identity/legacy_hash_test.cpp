// Tests of imported hashes: published vectors and what other programs made, costs that are refused
// uncomputed, strings that were cut or bent.
#include "identity/legacy_hash.hpp"

#include <doctest/doctest.h>
#include <string>

#include "identity/password.hpp"

using namespace netkit;
using namespace netkit::identity;

namespace {

// From the self-tests of Openwall's crypt_blowfish.
constexpr std::string_view bcrypt = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
constexpr std::string_view bcrypt_long =
    "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
// `openssl passwd -6 -salt abcdefgh`, the same with -5, of "correct horse battery".
constexpr std::string_view sha512 =
    "$6$abcdefgh$dTmIYmW/LpvGK/iiDSK9zlcKIRJ33.7YE9DETLAR1zX9/2./Fv6/8dFZ1tCs/Kfp//"
    "7QeoJfyRWP7XdDzP87"
    "j1";
constexpr std::string_view sha256 = "$5$abcdefgh$sYjQ4vynYsNAnM.JMipLH1IMXSipuA8cURgfc3GsHo.";
// Python's crypt module and perl's crypt(), of the same.
constexpr std::string_view rounds =
    "$6$rounds=1000$saltsalt$cR7uED9S9icrxa11Lj7F5D.7U8449gpqBXyD2HSpuHRpxCc17kJRpsJMsHp434Y8yykgmc"
    "efOmxgCH44Cw7tW/";
constexpr std::string_view yescrypt =
    "$y$j75$k2XAnEHBqQ1Ct2aMXFKNa/$D51GutEaDStaXNx6KNVHl2qcn8n8Q9TT3VpvxytddG1";

bool matches(std::string_view encoded, std::string_view password) {
  const auto verdict = matches_legacy(encoded, Secret{std::string{password}});
  REQUIRE(verdict);
  return *verdict;
}

std::error_code refusal(const std::string& encoded) {
  const auto checked = check_encoded(encoded);
  return checked ? std::error_code{} : checked.error().code;
}

/// `text` with what begins at `at` replaced.
std::string changed(std::string_view text, std::size_t at, std::string_view by) {
  return std::string{text}.replace(at, by.size(), by);
}

}  // namespace

TEST_CASE("matches_legacy: bcrypt, Openwall's vectors") {
  CHECK(matches(bcrypt, "U*U"));
  CHECK_FALSE(matches(bcrypt, "U*V"));
  CHECK(matches("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"));
  CHECK(matches("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"));
  CHECK(matches("$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"));
  CHECK(matches("$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"));
}

TEST_CASE("matches_legacy: bcrypt ends at 72 bytes, for passwords of every size") {
  const std::string password =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  CHECK(matches(bcrypt_long, password));
  CHECK(matches(bcrypt_long, password + "chars after 72 are ignored"));
  CHECK(matches(bcrypt_long, password + std::string(952, 'x')));
  CHECK_FALSE(matches(bcrypt_long, password.substr(0, 71)));
}

TEST_CASE("matches_legacy: SHA-crypt of openssl and python") {
  CHECK(matches(sha512, "correct horse battery"));
  CHECK(matches(sha256, "correct horse battery"));
  CHECK(
      matches("$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcb"
              "YEdFCoEOfaS35inz1",
              "Hello world!"));
  CHECK(matches("$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!"));
}

TEST_CASE("matches_legacy: yescrypt") {
  CHECK(matches(yescrypt, "correct horse battery"));
  CHECK_FALSE(matches(yescrypt, "correct horse batter"));
  CHECK(matches("$y$j9T$k2XAnEHBqQ1Ct2aMXFKNa/$7z6wp/HXrfXYD1tek4Z3BZ3QjXBUxsjEy3/FMdlQiZ9",
                "correct horse battery"));
}

TEST_CASE("matches_legacy: passwords that crypt(3) cannot take match nothing") {
  CHECK_FALSE(matches(rounds, std::string(512, 'x')));
  CHECK_FALSE(matches(rounds, std::string(1024, 'x')));
  CHECK_FALSE(matches(rounds, std::string{"correct horse battery\0x", 23}));
  CHECK_FALSE(matches(yescrypt, ""));
}

TEST_CASE("verify_password: every imported hash is outdated, whatever it matches") {
  const auto verdict = verify_password(sha256, Secret{"correct horse battery"}, {}, {});
  REQUIRE(verdict);
  CHECK(verdict->match);
  CHECK(verdict->outdated);
}

TEST_CASE("check_legacy: a hash that was cut or lengthened anywhere is refused") {
  for (const std::string_view whole : {bcrypt, sha512, sha256, rounds, yescrypt}) {
    REQUIRE(check_legacy(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(whole.substr(0, size));
      CHECK(refusal(std::string{whole.substr(0, size)}) == Errc::malformed);
    }
    CHECK(refusal(std::string{whole} + ".") == Errc::malformed);
    CHECK(refusal(std::string{whole} + "\n") == Errc::malformed);
    CHECK(refusal(std::string{whole} + std::string(1, '\0')) == Errc::malformed);
    CHECK(refusal(std::string{whole} + std::string(100'000, '.')) == Errc::malformed);
  }
}

TEST_CASE("check_legacy: a letter outside of the alphabet is refused at every place") {
  for (const std::string_view whole : {bcrypt, sha512, sha256, rounds, yescrypt})
    for (std::size_t at = 0; at < whole.size(); ++at)
      for (const std::string_view other : {std::string_view{"\0", 1}, std::string_view{":"}}) {
        CAPTURE(at);
        CHECK(refusal(changed(whole, at, other)) == Errc::malformed);
      }
}

TEST_CASE("check_legacy: costs that are only claimed are refused uncomputed") {
  CHECK(check_legacy(changed(bcrypt, 4, "14")));
  CHECK(refusal(changed(bcrypt, 4, "15")) == Errc::too_large);
  CHECK(refusal(changed(bcrypt, 4, "31")) == Errc::too_large);
  CHECK(refusal(changed(bcrypt, 4, "32")) == Errc::malformed);
  CHECK(refusal(changed(bcrypt, 4, "03")) == Errc::malformed);
  CHECK(refusal(changed(bcrypt, 4, "99")) == Errc::malformed);
  CHECK(matches_legacy(changed(bcrypt, 4, "31"), Secret{"U*U"}).error().code == Errc::too_large);

  const std::string hash = "$saltsalt$" + std::string(86, '.');
  CHECK(refusal("$6$rounds=1000000" + hash) == std::error_code{});
  CHECK(refusal("$6$rounds=1000001" + hash) == Errc::too_large);
  CHECK(refusal("$6$rounds=999999999" + hash) == Errc::too_large);
  CHECK(refusal("$6$rounds=99999999999999999999" + hash) == Errc::too_large);
  CHECK(refusal("$6$rounds=999" + hash) == Errc::malformed);
  CHECK(refusal("$6$rounds=01000" + hash) == Errc::malformed);
  CHECK(refusal("$6$rounds=-1000" + hash) == Errc::malformed);
  CHECK(refusal("$6$rounds=" + hash) == Errc::malformed);
  CHECK(refusal("$6$rounds=1000") == Errc::malformed);

  CHECK(refusal(changed(yescrypt, 4, "FT")) == std::error_code{});  // 1 GiB
  CHECK(refusal(changed(yescrypt, 4, "GT")) == Errc::too_large);
  CHECK(refusal(changed(yescrypt, 4, "jj")) == Errc::too_large);
  CHECK(refusal(changed(yescrypt, 4, "zz")) == Errc::malformed);
  CHECK(refusal(changed(yescrypt, 4, ".T")) == Errc::malformed);
  CHECK(refusal(changed(yescrypt, 3, "/")) == Errc::malformed);
}

TEST_CASE("check_legacy: algorithms that are too weak or unknown are refused") {
  for (const char* encoded :
       {"", "x", "*", "!", "!!", "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", "rl.3StKT.4T8M", "$2$05$x",
        "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$7$x", "$gy$j9T$x",
        "$md5$x", "_J9..rasmBYk8r9AiWNc", "{SSHA}x", "$apr1$x", "plain text"})
    CHECK(refusal(encoded) == Errc::malformed);
}
