// Tests of trust on first use: what is added, what is compared, and that people's edits stay.
#include "identity/known_hosts.hpp"

#include <algorithm>
#include <chrono>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::identity;
using support::bytes_of;
using support::put_bytes;
using support::TemporaryFolder;
using Verdict = KnownHosts::Verdict;

namespace {

const std::string one = "SHA256:" + std::string(64, '1');
const std::string two = "SHA256:" + std::string(64, '2');

/// What one of many clients does: exit code 0 if everything was as it should be. All of them add
/// the servers h0 to h19 of their own and the one that they share.
int add_many(const KnownHosts& hosts, int process) {
  for (int i = 0; i < 20; ++i) {
    const std::string server = "p" + std::to_string(process) + "h" + std::to_string(i) + ":1";
    const auto added = hosts.check(server, one);
    if (!added || *added != Verdict::added) return 1;
    const auto shared = hosts.check("shared:1", one);
    if (!shared) return 2;
    const auto known = hosts.check(server, one);
    if (!known || *known != Verdict::known) return 3;
  }
  return 0;
}

}  // namespace

TEST_CASE("KnownHosts: adds a server the first time and knows it from then on") {
  const TemporaryFolder folder;
  const KnownHosts hosts{folder / "a/b/known_hosts"};
  CHECK(*hosts.check("h:1", one) == Verdict::added);
  CHECK(*hosts.check("h:1", one) == Verdict::known);
  CHECK(*hosts.check("h:2", two) == Verdict::added);
  CHECK(*hosts.check("[::1]:1", one) == Verdict::added);
  CHECK(bytes_of(folder / "a/b/known_hosts") ==
        "h:1 " + one + "\nh:2 " + two + "\n[::1]:1 " + one + "\n");
  struct stat info {};
  REQUIRE(::stat((folder / "a/b/known_hosts").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
}

TEST_CASE("KnownHosts: refuses another certificate and says what to do") {
  const TemporaryFolder folder;
  const KnownHosts hosts{folder / "known_hosts"};
  REQUIRE(hosts.check("h:1", one));
  const auto changed = hosts.check("h:1", two);
  REQUIRE_FALSE(changed);
  CHECK(changed.error().code == Errc::refused);
  CHECK(changed.error().message() ==
        "cannot trust h:1: refused (it shows another certificate than before, " + two +
            "; if that is right, remove its line from " + folder.path() + "/known_hosts)");
  CHECK(bytes_of(folder / "known_hosts") == "h:1 " + one + "\n");
}

TEST_CASE("KnownHosts: keeps comments and lines that it does not understand") {
  const TemporaryFolder folder;
  const std::string text = "# h:1 " + two + "\n\n  h:1\t" + std::string("11:") +
                           std::string(62, '1') + "  \r\n?? what\nh:10 " + two + "\nlonely\n";
  put_bytes(folder / "known_hosts", text);
  const KnownHosts hosts{folder / "known_hosts"};
  CHECK(*hosts.check("h:1", one) == Verdict::known);
  CHECK(*hosts.check("h:10", two) == Verdict::known);
  CHECK(*hosts.check("lonely", one) == Verdict::added);
  CHECK(bytes_of(folder / "known_hosts") == text + "lonely " + one + "\n");
}

TEST_CASE("KnownHosts: a last line without its end does not swallow the next") {
  const TemporaryFolder folder;
  put_bytes(folder / "known_hosts", "h:1 " + one);
  const KnownHosts hosts{folder / "known_hosts"};
  CHECK(*hosts.check("h:2", two) == Verdict::added);
  CHECK(bytes_of(folder / "known_hosts") == "h:1 " + one + "\nh:2 " + two + "\n");
}

TEST_CASE("KnownHosts: a line for the server that makes no sense is never believed") {
  const TemporaryFolder folder;
  put_bytes(folder / "known_hosts", "h:1 yes\n");
  CHECK(KnownHosts{folder / "known_hosts"}.check("h:1", one).error().code == Errc::refused);
}

TEST_CASE("KnownHosts: refuses a folder that others may change, and a file it cannot open") {
  const TemporaryFolder folder;
  REQUIRE(::mkdir((folder / "open").c_str(), 0700) == 0);
  REQUIRE(::chmod((folder / "open").c_str(), 0777) == 0);
  CHECK(KnownHosts{folder / "open/known_hosts"}.check("h:1", one).error().code == Errc::refused);
  REQUIRE(::mkdir((folder / "known_hosts").c_str(), 0700) == 0);
  CHECK_FALSE(KnownHosts{folder / "known_hosts"}.check("h:1", one));
}

TEST_CASE("KnownHosts: a lock that another program keeps is an error that names the file") {
  const TemporaryFolder folder;
  const KnownHosts hosts{folder / "known_hosts"};
  REQUIRE(hosts.check("h:1", one));
  const FileDescriptor other{::open((folder / "known_hosts").c_str(), O_RDONLY | O_CLOEXEC)};
  REQUIRE(::flock(other.get(), LOCK_EX) == 0);
  const auto begin = std::chrono::steady_clock::now();
  const auto checked = hosts.check("h:1", one);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{30});
  REQUIRE_FALSE(checked);
  CHECK(checked.error().code == Errc::busy);
  CHECK(checked.error().hint == "another program keeps " + folder.path() + "/known_hosts locked");
  REQUIRE(::flock(other.get(), LOCK_UN) == 0);
  CHECK(hosts.check("h:1", one));
}

TEST_CASE("KnownHosts: eight processes that add at once lose nothing and repeat nothing") {
  const TemporaryFolder folder;
  const KnownHosts hosts{folder / "known_hosts"};
  std::vector<pid_t> children;
  for (int process = 0; process < 8; ++process) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(add_many(hosts, process));
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  const std::string text = bytes_of(folder / "known_hosts");
  std::vector<std::string_view> lines = split(text, '\n');
  CHECK(lines.back().empty());
  lines.pop_back();
  CHECK(lines.size() == 8 * 20 + 1);
  std::sort(lines.begin(), lines.end());
  CHECK(std::adjacent_find(lines.begin(), lines.end()) == lines.end());
  for (const std::string_view line : lines)
    CHECK(line.ends_with(" " + one));
}
