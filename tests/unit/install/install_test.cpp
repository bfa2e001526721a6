// Tests of what `netkit install` lays down and how: units, names of links, single objects, and the
// list of folders that it made.
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "commands/install/folders.hpp"
#include "commands/install/lay.hpp"
#include "commands/install/units.hpp"

using namespace netkit;
using namespace netkit::install;

namespace {

/// A folder that goes with the test.
struct Place {
  Place() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  ~Place() { std::filesystem::remove_all(path); }
  std::string operator/(std::string_view name) const { return path + "/" + std::string{name}; }
  std::string path = "/tmp/netkit-install-XXXXXX";
};

std::string text_of(const std::string& path) {
  return read_file(path, 1000).operator bool() ? *read_file(path, 1000) : "(none)";
}

}  // namespace

TEST_CASE("units: the program's path is written as systemd reads it") {
  const Service& echo = *find_service("echo");
  CHECK(service_unit(echo, "/usr/bin/netkit").find("\nExecStart=/usr/bin/netkit echo serve\n") !=
        std::string::npos);
  CHECK(service_unit(echo, "/a 5%/netkit").find("\nExecStart=\"/a 5%%/netkit\" echo serve\n") !=
        std::string::npos);
  CHECK(fits_unit("/opt/net kit"));
  for (const char* path : {"netkit", "", "/a'b", "/a\"b", "/a\\b", "/a\nb", "/a\x7f"})
    CHECK_FALSE(fits_unit(path));
}

TEST_CASE("units: whoever is not root is nobody, and each has the Landlock calls by name") {
  for (const Service& each : services()) {
    const std::string unit = service_unit(each, "/netkit");
    CHECK((unit.find("\nDynamicUser=yes\n") == std::string::npos) == each.root);
    CHECK(unit.find("landlock_create_ruleset landlock_add_rule landlock_restrict_self") !=
          std::string::npos);
    CHECK(unit.find("\nStateDirectory=netkit/" + std::string{each.name} + "\n") !=
          std::string::npos);
  }
  CHECK(find_service("fail2ban") == nullptr);
}

TEST_CASE("objects: links hide no program that every system has") {
  CHECK(link_name("relay") == "relay");
  CHECK(link_name("echo") == "netkit-echo");
  CHECK(link_name("install") == "netkit-install");
}

TEST_CASE("lay: says what it did, and does nothing when asked what it would do") {
  const Place place;
  const Object object{.path = "x", .bytes = "new", .mode = 0755};
  CHECK(*lay(place / "x", object, true) == Change::created);
  CHECK(::access((place / "x").c_str(), F_OK) != 0);
  CHECK(*lay(place / "x", object, false) == Change::created);
  CHECK(*lay(place / "x", object, false) == Change::unchanged);
  REQUIRE(::chmod((place / "x").c_str(), 0600) == 0);
  CHECK(*lay(place / "x", object, true) == Change::replaced);
  CHECK(*lay(place / "x", object, false) == Change::replaced);
  CHECK(text_of(place / "x") == "new");
  CHECK(std::filesystem::status(place / "x").permissions() == std::filesystem::perms{0755});
  CHECK(std::distance(std::filesystem::directory_iterator{place.path}, {}) == 1);
}

TEST_CASE("lay: a link in the way is replaced, and where it leads stays") {
  const Place place;
  REQUIRE(write_file_atomically(place / "theirs", "theirs"));
  REQUIRE(::symlink("theirs", (place / "x").c_str()) == 0);
  CHECK(*lay(place / "x", {.path = "x", .bytes = "ours"}, false) == Change::replaced);
  CHECK(text_of(place / "x") == "ours");
  CHECK(text_of(place / "theirs") == "theirs");
  const Object link{.path = "l", .bytes = "x", .link = true};
  CHECK(*lay(place / "l", link, false) == Change::created);
  CHECK(*lay(place / "l", link, false) == Change::unchanged);
}

TEST_CASE("lay: a link takes the place of a link to netkit, and of no other program") {
  const Place place;
  const Object link{.path = "relay", .bytes = "netkit", .link = true};
  REQUIRE(::symlink("/old/bin/netkit", (place / "relay").c_str()) == 0);
  CHECK(*lay(place / "relay", link, false) == Change::replaced);
  CHECK(*lay(place / "relay", link, false) == Change::unchanged);
  REQUIRE(::unlink((place / "relay").c_str()) == 0);
  REQUIRE(::symlink("/opt/their-netkit", (place / "relay").c_str()) == 0);
  CHECK(lay(place / "relay", link, false).error().code == std::errc::file_exists);
  CHECK(*take_away(place / "relay", link, false) == Change::absent);
  REQUIRE(write_file_atomically(place / "relay", "theirs"));
  CHECK(lay(place / "relay", link, false).error().code == std::errc::file_exists);
  CHECK(*take_away(place / "relay", link, false) == Change::absent);
  CHECK(text_of(place / "relay") == "theirs");
}

TEST_CASE("take_away: what is not as it was laid down is kept") {
  const Place place;
  const Object object{.path = "x", .bytes = "new"};
  CHECK(*take_away(place / "x", object, false) == Change::absent);
  REQUIRE(write_file_atomically(place / "x", "old"));
  CHECK(*take_away(place / "x", object, false) == Change::kept);
  REQUIRE(write_file_atomically(place / "x", "new", 0600));
  CHECK(*take_away(place / "x", object, true) == Change::removed);
  CHECK(text_of(place / "x") == "new");
  CHECK(*take_away(place / "x", object, false) == Change::removed);
  CHECK(text_of(place / "x") == "(none)");
}

TEST_CASE("folders: only those that are ours by name are taken from the list") {
  const Place place;
  const Folders ours = folders_of({{.path = "bin/netkit", .bytes = {}}});
  CHECK(ours == Folders{"bin", "share", "share/netkit"});
  CHECK(listed_folders(place.path, ours).empty());
  for (const char* folder : {"share", "share/netkit", "theirs"})
    CHECK(*make_folder(place / folder, false));
  CHECK_FALSE(*make_folder(place / "share", false));
  REQUIRE(write_file_atomically(place / folder_list, "share\n../..\ntheirs\nshare/netkit\n/\n"));
  const Folders listed = listed_folders(place.path, ours);
  CHECK(listed == Folders{"share", "share/netkit"});
  CHECK(list_of(listed).bytes == "share\nshare/netkit\n");
  remove_empty(place.path, listed);
  CHECK(::access((place / "share/netkit").c_str(), F_OK) == 0);
  REQUIRE(::unlink((place / folder_list).c_str()) == 0);
  remove_empty(place.path, listed);
  CHECK(::access((place / "share").c_str(), F_OK) != 0);
  CHECK(::access((place / "theirs").c_str(), F_OK) == 0);
}
