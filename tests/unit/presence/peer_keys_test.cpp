// Names, keys and the numbers of runs, in a folder of the test's own.
#include "commands/presence/peer_keys.hpp"

#include <doctest/doctest.h>
#include <string>
#include <sys/stat.h>

#include "base/file.hpp"
#include "net/address.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::presence;

namespace {

Status name_status(const std::string& name) {
  const auto taken = own_name({}, name);
  return taken ? Status{ok} : taken.error();
}

}  // namespace

TEST_CASE("own_name: USER@HOST without one") {
  const auto name = own_name({{"USER", "ana"}}, std::nullopt);
  REQUIRE(name);
  CHECK(*name == "ana@" + net::host_name());
  CHECK(own_name({{"USER", ""}, {"LOGNAME", "bert"}}, std::nullopt)->starts_with("bert@"));
}

TEST_CASE("own_name: what others could not show or tell apart is refused") {
  CHECK(name_status("ana"));
  CHECK(
      name_status("Ana Mar\xc3\xad"
                  "a"));
  CHECK(name_status("ana (second)"));
  for (const char* const bad : {"", " ana", "a\nb", "ana (2)", "ana: hi",
                                "a\xe2\x80\xae"
                                "b",
                                "\xff"}) {
    CAPTURE(bad);
    const Status taken = name_status(bad);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == Errc::usage);
  }
  CHECK_FALSE(name_status(std::string(65, 'a')));
  CHECK(name_status(std::string(64, 'a')));
}

TEST_CASE("PeerKeys: a name has one key, whatever its case, another name another") {
  const support::TemporaryFolder folder;
  const auto first = PeerKeys::open(folder.path(), "Ana");
  const auto again = PeerKeys::open(folder.path(), "ana");
  const auto other = PeerKeys::open(folder.path(), "../b/%C3");
  REQUIRE(first);
  REQUIRE(again);
  REQUIRE(other);
  CHECK(first->key().public_key() == again->key().public_key());
  CHECK(first->key().public_key() != other->key().public_key());
  CHECK(read_file(folder.path() + "/ana.key", 100));
  CHECK(read_file(folder.path() + "/%2e.%2fb%2f%25c3.key", 100));
  struct stat found {};
  REQUIRE(stat((folder.path() + "/ana.key").c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
}

TEST_CASE("PeerKeys: two peers of one name do not run, two of different names do") {
  const support::TemporaryFolder folder;
  auto first = PeerKeys::open(folder.path(), "ana");
  auto other = PeerKeys::open(folder.path(), "bert");
  REQUIRE(first->hold());
  CHECK(other->hold());
  {
    auto second = PeerKeys::open(folder.path(), "ANA");
    const Status held = second->hold();
    REQUIRE_FALSE(held);
    CHECK(held.error().code == Errc::busy);
  }
  first = PeerKeys::open(folder.path(), "carl");
  auto third = PeerKeys::open(folder.path(), "ana");
  CHECK(third->hold());
}

TEST_CASE("PeerKeys: the number of a run is above those before it, whatever the clock says") {
  const support::TemporaryFolder folder;
  const auto keys = PeerKeys::open(folder.path(), "ana");
  CHECK(*keys->next_instance(1'795'235'137'123'456) == 1'795'235'137'123'456);
  CHECK(*keys->next_instance(1'795'235'137'123'400) == 1'795'235'137'123'457);
  CHECK(*keys->next_instance(1'795'235'140'000'000) == 1'795'235'140'000'000);
  REQUIRE(write_file_atomically(folder.path() + "/ana.instance", "nonsense"));
  CHECK(*keys->next_instance(7) == 7);
}
