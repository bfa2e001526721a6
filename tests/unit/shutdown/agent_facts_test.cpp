// Tests of what an agent knows of its host and its servers: ports, inhibitors, hooks, claims, the
// enrolment file, and which endpoints it obeys.
#include <doctest/doctest.h>
#include <fstream>
#include <sys/stat.h>

#include "base/file.hpp"
#include "commands/shutdown/claims.hpp"
#include "commands/shutdown/enrolment.hpp"
#include "commands/shutdown/hooks.hpp"
#include "commands/shutdown/host_facts.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::shutdown;
using netkit::support::TemporaryFolder;

namespace {

std::string completed(const std::string& text, bool insecure = false) {
  const auto given = text.empty() ? net::Endpoint{} : *net::parse_endpoint(text);
  const auto server = complete_server(given, insecure);
  return server ? net::to_text(*server) : server.error().code.message();
}

void put(const std::string& path, const std::string& text, mode_t mode) {
  std::ofstream{path} << text;
  REQUIRE(::chmod(path.c_str(), mode) == 0);
}

}  // namespace

TEST_CASE("complete_server: ws on loopback, wss elsewhere, ws elsewhere only by --insecure") {
  CHECK(completed("") == "ws://127.0.0.1:8765");
  CHECK(completed("localhost") == "ws://localhost:8765");
  CHECK(completed("[::1]:9") == "ws://[::1]:9");
  CHECK(completed("192.0.2.7") == "wss://192.0.2.7:8765");
  CHECK(completed("ups.example:443") == "wss://ups.example:443");
  CHECK(completed("wss://127.0.0.1") == "wss://127.0.0.1:8765");
  CHECK(completed("unix:/run/x") == "unix:/run/x");
  CHECK(completed("ws://192.0.2.7") == "refused");
  CHECK(completed("ws://192.0.2.7", true) == "ws://192.0.2.7:8765");
  CHECK(completed("tcp://127.0.0.1") == "not understood");
  CHECK(completed("udp://127.0.0.1") == "not understood");
}

TEST_CASE("is_private: a token travels under TLS, on loopback and to a unix socket") {
  const auto at = [](const char* text) {
    return is_private(*complete_server(*net::parse_endpoint(text), true));
  };
  CHECK(at("wss://192.0.2.7"));
  CHECK(at("127.0.0.1"));
  CHECK(at("unix:/run/x"));
  CHECK_FALSE(at("ws://192.0.2.7"));
}

TEST_CASE("parse_listening_ports: states and loopback as the kernel prints them") {
  // From /proc/net/tcp of an amd64 machine.
  CHECK(
      parse_listening_ports(
          "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
          "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
          "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
          "   2: 0764A8C0:2382 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
          "   3: 0764A8C0:0050 0164A8C0:D431 01 00000000:00000000 00:00000000 00000000     0\n") ==
      std::vector<std::uint16_t>{22, 9090});
  CHECK(parse_listening_ports(
            "   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A\n"
            "   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A\n"
            "   2: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A\n"
            "   3: B80D01200000000000000000 01000000:0052 0 0A\n") ==
        std::vector<std::uint16_t>{22});
  CHECK(parse_listening_ports("").empty());
  CHECK(parse_listening_ports("0: : : 0A\n1: zz:zz 0 0A\n2: 00000000:10016 0 0A\n").empty());
}

TEST_CASE("parse_inhibitors: names who blocks shutdown and why, in whatever columns") {
  CHECK(parse_inhibitors(
            "Backup Tool 1000 anna 4711 restic run shutdown:sleep Backing up /home block\n") ==
        "Backup Tool inhibits it: Backing up /home");
  CHECK(parse_inhibitors("apt 0 root 9 apt-get shutdown Installing packages delay\n").empty());
  CHECK(parse_inhibitors("UPower 0 root 1 upowerd sleep Pause device polling block\n").empty());
  CHECK(parse_inhibitors("x 0 root 1 y sleep a block\n"
                         "dpkg 0 root 12 dpkg shutdown Upgrading block\n") ==
        "dpkg inhibits it: Upgrading");
  CHECK(parse_inhibitors("No inhibitors.\n").empty());
  CHECK(parse_inhibitors("\n\n  \nblock block block block block block block block\n").empty());
  CHECK(parse_inhibitors("a\x1b[31m 0 root 1 y shutdown b block").find('\x1b') ==
        std::string::npos);
}

TEST_CASE("last_words: the end of what was said, on one safe line") {
  CHECK(last_words(" a\nb \n") == "a\\nb");
  CHECK(last_words(std::string(500, 'x')) == std::string(300, 'x'));
  CHECK(last_words("xx\xc3\xbc", 1).empty());
  CHECK(last_words("\x1b]0;title\x07") == "\\x1b]0;title\\x07");
}

TEST_CASE("find_hooks: executables by name, without those that editors leave behind") {
  const TemporaryFolder folder;
  const std::string hooks = folder.path() + "/hooks";
  CHECK(find_hooks(hooks)->empty());
  REQUIRE(::mkdir(hooks.c_str(), 0755) == 0);
  put(hooks + "/20-b", "", 0755);
  put(hooks + "/10-a", "", 0700);
  put(hooks + "/30-c~", "", 0755);
  put(hooks + "/.40-d", "", 0755);
  put(hooks + "/README", "", 0644);
  REQUIRE(::mkdir((hooks + "/50-folder").c_str(), 0755) == 0);
  CHECK(*find_hooks(hooks) == std::vector{hooks + "/10-a", hooks + "/20-b"});
}

TEST_CASE("find_hooks: trusts nothing that others can write") {
  const TemporaryFolder folder;
  const std::string hooks = folder.path() + "/hooks";
  REQUIRE(::mkdir(hooks.c_str(), 0755) == 0);
  put(hooks + "/10-a", "", 0775);
  CHECK(find_hooks(hooks).error().code == Errc::refused);
  put(hooks + "/10-a", "", 0755);
  CHECK(find_hooks(hooks)->size() == 1);
  REQUIRE(::chmod(hooks.c_str(), 01777) == 0);
  CHECK(find_hooks(hooks).error().code == Errc::refused);
  REQUIRE(::chmod(hooks.c_str(), 0755) == 0);
  REQUIRE(::symlink("nowhere", (hooks + "/20-gone").c_str()) == 0);
  CHECK_FALSE(find_hooks(hooks));
  CHECK_FALSE(find_hooks(hooks + "/10-a"));
}

TEST_CASE("Claims: those of this boot are known, those of others removed, the rest left alone") {
  const TemporaryFolder folder;
  const Id boot{1};
  const Id old{2};
  const Claims claims{folder.path(), boot};
  put(Claims{folder.path(), old}.path(9), "", 0600);
  put(claims.path(7), "", 0600);
  put(folder.path() + "/started-x", "", 0600);
  REQUIRE(claims.keep_failure(8, "exited with 1"));
  const auto found = claims.load();
  REQUIRE(found);
  CHECK(found->size() == 2);
  CHECK(claims.failure(7).empty());
  CHECK(claims.failure(8) == "exited with 1");
  CHECK_FALSE(read_file(Claims{folder.path(), old}.path(9), 100));
  CHECK(read_file(folder.path() + "/started-x", 100));
  CHECK(claims.path(7).ends_with("/started-01000000000000000000000000000000-0000000000000007"));
}

TEST_CASE("EnrolmentFile: one line a server, the others stay") {
  const TemporaryFolder folder;
  const EnrolmentFile file{folder.path()};
  CHECK_FALSE(*file.find("ws://a:1"));
  put(folder.path() + "/enrolment", "# mine\nws://a:1 - nk_a\nstrange\n", 0600);
  CHECK((*file.find("ws://a:1"))->token == "nk_a");
  REQUIRE(file.keep({"wss://b:2", "SHA256:00", "nk_b"}));
  REQUIRE(file.keep({"ws://a:1", "", "nk_c"}));
  REQUIRE(file.keep({"unix:/run/a b", "", "nk_d"}));
  CHECK(*read_file(folder.path() + "/enrolment", 1000) ==
        "# mine\nstrange\nwss://b:2 SHA256:00 nk_b\nws://a:1 - nk_c\nunix:/run/a b - nk_d\n");
  CHECK((*file.find("unix:/run/a b"))->token == "nk_d");
  CHECK((*file.find("wss://b:2"))->fingerprint == "SHA256:00");
  struct stat info {};
  REQUIRE(::stat((folder.path() + "/enrolment").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("choose_power_off: the given command by a shell, else what the path has") {
  CHECK(choose_power_off("halt -p", "/nowhere").arguments ==
        std::vector<std::string>{"/bin/sh", "-c", "halt -p"});
  const bool by_itself = choose_power_off("", "/nowhere").instead != nullptr;
  CHECK(by_itself);
  const TemporaryFolder folder;
  put(folder.path() + "/shutdown", "#!/bin/sh\n", 0755);
  CHECK(choose_power_off("", folder.path()).arguments ==
        std::vector<std::string>{folder.path() + "/shutdown", "-h", "now"});
}

TEST_CASE("machine_id and boot_id: this machine has both, and they stay") {
  const TemporaryFolder folder;
  const auto machine = machine_id(folder.path());
  REQUIRE(machine);
  CHECK(*machine == *machine_id(folder.path()));
  CHECK(*machine != Id{});
  REQUIRE(boot_id());
  CHECK(*boot_id() == *boot_id());
}
