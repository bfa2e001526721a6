// Sign-ins kept in a file: one a line, replaced, forgotten, read by several processes.
#include "cli/login_store.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/file.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using cli::Login;
using cli::LoginStore;

namespace {

Login login(std::string endpoint, std::string user, std::string token) {
  return {.endpoint = std::move(endpoint),
          .user = std::move(user),
          .token = std::move(token),
          .session = "00112233445566778899aabbccddeeff",
          .expires = "2027-01-01T00:00:00.000Z",
          .device_key = "nkd_x",
          .fingerprint = {}};
}

std::string token_of(const Result<std::optional<Login>>& found) {
  REQUIRE(found);
  return *found ? (*found)->token : "none";
}

}  // namespace

TEST_CASE("LoginStore: keeps one sign-in a user and endpoint, the latest last") {
  const support::TemporaryFolder folder;
  const LoginStore store{folder.path() + "/state/logins"};
  CHECK(token_of(store.latest()) == "none");
  REQUIRE(store.put(login("tls://a:9091", "anna", "nk_1")));
  REQUIRE(store.put(login("tls://b:9091", "anna", "nk_2")));
  REQUIRE(store.put(login("tls://a:9091", "bert", "nk_3")));
  REQUIRE(store.put(login("tls://a:9091", "anna", "nk_4")));
  CHECK(token_of(store.latest()) == "nk_4");
  CHECK(token_of(store.load("tls://a:9091")) == "nk_4");
  CHECK(token_of(store.load("tls://a:9091", "bert")) == "nk_3");
  CHECK(token_of(store.load("tls://b:9091", "bert")) == "none");
  struct stat found {};
  REQUIRE(stat(store.path().c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
}

TEST_CASE("LoginStore: who signed out leaves the device key") {
  const support::TemporaryFolder folder;
  const LoginStore store{folder.path() + "/logins"};
  REQUIRE(store.put(login("unix:/a", "anna", "nk_1")));
  REQUIRE(store.put(login("unix:/a", "bert", "nk_2")));
  CHECK(*store.remove("unix:/a", "bert"));
  CHECK(!*store.remove("unix:/a", "bert"));
  CHECK(token_of(store.latest()) == "nk_1");
  CHECK(token_of(store.load("unix:/a", "bert")) == "none");
  CHECK(*store.device_key("unix:/a", "bert") == "nkd_x");
  CHECK(store.device_key("unix:/a", "carl")->empty());
  CHECK(read_file(store.path(), 10'000)->find("nk_2") == std::string::npos);
}

TEST_CASE("LoginStore: keeps lines that it does not understand, and at most 1000 sign-ins") {
  const support::TemporaryFolder folder;
  const LoginStore store{folder.path() + "/logins"};
  std::string text = "of a later version\n{\"endpoint\":\"x\"}\n";
  for (int i = 0; i < 1000; ++i)
    text += R"({"endpoint":"e","user":"u)" + std::to_string(i) + R"(","token":"t"})" + "\n";
  REQUIRE(write_file_atomically(store.path(), text, 0600));
  REQUIRE(store.put(login("e", "new", "nk_1")));
  CHECK(token_of(store.load("e", "u0")) == "none");
  CHECK(token_of(store.load("e", "u1")) == "t");
  const auto after = read_file(store.path(), 1'000'000);
  REQUIRE(after);
  CHECK(after->starts_with("of a later version\n{\"endpoint\":\"x\"}\n"));
}
