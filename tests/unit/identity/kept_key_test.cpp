// How a key is kept, and what is taken for one.
#include "identity/kept_key.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include "base/file.hpp"
#include "base/hex.hpp"
#include "support/temporary_folder.hpp"

namespace netkit::identity {
namespace {

// RFC 8032, 7.1, test 2.
constexpr const char* seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
constexpr const char* public_key =
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

TEST_CASE("KeptKey: is made once, for its owner alone, and found again") {
  const support::TemporaryFolder folder;
  const Result<KeptKey> made = KeptKey::load_or_make(folder / "some.key");
  REQUIRE(made);
  struct stat found {};
  REQUIRE(stat((folder / "some.key").c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  const Result<KeptKey> again = KeptKey::load_or_make(folder / "some.key");
  REQUIRE(again);
  CHECK(again->public_key() == made->public_key());
  CHECK(again->public_key().size() == 32);
}

TEST_CASE("KeptKey: a known seed has its key and fingerprint") {
  const support::TemporaryFolder folder;
  REQUIRE(write_file_atomically(folder / "some.key", std::string{seed} + "\n", 0600));
  const Result<KeptKey> key = KeptKey::load_or_make(folder / "some.key");
  REQUIRE(key);
  CHECK(to_hex(key->public_key()) == public_key);
  // printf PUBLIC_KEY | xxd -r -p | sha256sum
  CHECK(key->fingerprint() ==
        "SHA256:39f713d0a644253f04529421b9f51b9b08979d08295959c4f3990ee617f5139f");
}

TEST_CASE("KeptKey: a file that others may read, or that holds no key, is refused in words") {
  const support::TemporaryFolder folder;
  const std::string path = folder / "some.key";
  REQUIRE(write_file_atomically(path, std::string{seed} + "\n", 0640));
  const Result<KeptKey> open = KeptKey::load_or_make(folder / "some.key");
  REQUIRE_FALSE(open);
  CHECK(open.error().code == Errc::refused);
  for (const char* text : {"", "00", "no key at all", "4ccd089b28ff96da"}) {
    REQUIRE(write_file_atomically(path, text, 0600));
    const Result<KeptKey> broken = KeptKey::load_or_make(folder / "some.key");
    REQUIRE_FALSE(broken);
    CHECK(broken.error().code == Errc::malformed);
  }
}

TEST_CASE("KeptKey: those who make it at a time have the same one") {
  const support::TemporaryFolder folder;
  std::vector<std::string> keys(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& each : keys)
      threads.emplace_back([&each, path = folder / "some.key"] {
        if (const auto key = KeptKey::load_or_make(path)) each = key->public_key();
      });
  }
  for (const std::string& each : keys)
    CHECK(to_hex(each) == to_hex(keys.front()));
  CHECK(keys.front().size() == 32);
}

TEST_CASE("KeptKey: a folder that is not there is told") {
  const support::TemporaryFolder folder;
  const auto key = KeptKey::load_or_make(folder / "missing/some.key");
  REQUIRE_FALSE(key);
  CHECK(key.error().code == std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace netkit::identity
