// Where a relay keeps its link key, and what it takes for one.
#include "commands/relay/link_key.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.hpp"
#include "base/hex.hpp"
#include "support/temporary_folder.hpp"

namespace netkit::relay {
namespace {

// RFC 8032, 7.1, test 2.
constexpr const char* seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
constexpr const char* public_key =
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

TEST_CASE("LinkKey: is made once, for its owner alone, and found again") {
  const support::TemporaryFolder folder;
  const Result<LinkKey> made = LinkKey::load_or_make(folder.path());
  REQUIRE(made);
  struct stat found {};
  REQUIRE(stat((folder.path() + "/link.key").c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  const Result<LinkKey> again = LinkKey::load_or_make(folder.path());
  REQUIRE(again);
  CHECK(again->public_key() == made->public_key());
  CHECK(again->public_key().size() == 32);
}

TEST_CASE("LinkKey: a known seed has its key and fingerprint") {
  const support::TemporaryFolder folder;
  REQUIRE(write_file_atomically(folder.path() + "/link.key", std::string{seed} + "\n", 0600));
  const Result<LinkKey> key = LinkKey::load_or_make(folder.path());
  REQUIRE(key);
  CHECK(to_hex(key->public_key()) == public_key);
  // printf PUBLIC_KEY | xxd -r -p | sha256sum
  CHECK(key->fingerprint() ==
        "SHA256:39f713d0a644253f04529421b9f51b9b08979d08295959c4f3990ee617f5139f");
}

TEST_CASE("LinkKey: a file that others may read, or that holds no key, is refused in words") {
  const support::TemporaryFolder folder;
  const std::string path = folder.path() + "/link.key";
  REQUIRE(write_file_atomically(path, std::string{seed} + "\n", 0640));
  const Result<LinkKey> open = LinkKey::load_or_make(folder.path());
  REQUIRE_FALSE(open);
  CHECK(open.error().code == Errc::refused);
  for (const char* text : {"", "00", "no key at all", "4ccd089b28ff96da"}) {
    REQUIRE(write_file_atomically(path, text, 0600));
    const Result<LinkKey> broken = LinkKey::load_or_make(folder.path());
    REQUIRE_FALSE(broken);
    CHECK(broken.error().code == Errc::malformed);
  }
}

}  // namespace
}  // namespace netkit::relay
