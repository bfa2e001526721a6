// Tests of the vault in SQLite where it is a file: limits, copies, other versions, a full disk,
// kill -9.
#include <array>
#include <atomic>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "unit/auth/vault_values.hpp"

using namespace netkit;
using namespace netkit::auth;
using namespace netkit::auth::test;
using support::bytes_of;
using support::put_bytes;
using support::TemporaryFolder;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

int exit_code_of(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("SqliteVault: what could grow without end is bounded") {
  Opened<InSqlite> vault;
  REQUIRE(vault->add_session(session("a", "ana"), add(*vault.vault, "ana")));
  REQUIRE(vault->add_invitation({bytes("i", 32), "x", 9000}));
  REQUIRE(vault->spend(bytes("n", 16), 2, 9000, bytes("a", 16)));
  REQUIRE(vault->keep_known({"192.0.2.1", "oldest", 10, 10}));
  REQUIRE(vault->keep_known({"192.0.2.2", "newer", 20, 20}));
  vault.vault.reset();
  {
    // As if the limits had been reached; the counts are what the limits look at.
    Result<store::Database> inside = store::Database::open(
        vault.kind.folder / "auth.db", 0x4e4b4155, std::array<std::string_view, 1>{""});
    REQUIRE(inside);
    REQUIRE(inside->run("UPDATE counters SET value = 10000 WHERE name = 'invitations'"));
    REQUIRE(inside->run("UPDATE counters SET value = 1000000 WHERE name = 'spent'"));
    REQUIRE(inside->run("UPDATE counters SET value = 100000 WHERE name = 'known'"));
  }
  vault.vault = open_in(vault.kind.folder);
  CHECK(vault->add_invitation({bytes("j", 32), "x", 9000}).error().code == Errc::busy);
  CHECK(vault->spend(bytes("m", 16), 1, 9000, bytes("a", 16)).error().code == Errc::busy);
  CHECK(*vault->spend(bytes("n", 16), 2, 9000, bytes("a", 16)));
  CHECK_FALSE(*vault->spend(bytes("n", 16), 2, 9000, bytes("a", 16)));
  REQUIRE(vault->keep_known({"192.0.2.2", "again", 20, 30}));
  CHECK(*vault->find_known("192.0.2.1"));
  REQUIRE(vault->keep_known({"192.0.2.3", "one more", 5, 5}));
  CHECK_FALSE(*vault->find_known("192.0.2.1"));
  CHECK(*vault->find_known("192.0.2.3"));
  // The places of what goes are free again.
  REQUIRE(vault->clean_up(9000, 0));
  CHECK(vault->add_invitation({bytes("j", 32), "x", 9999}));
}

TEST_CASE("SqliteVault: a copy is whole, private and never over something") {
  Opened<InSqlite> vault;
  const std::uint64_t version = add(*vault.vault, "ana");
  REQUIRE(vault->add_session(session("a", "ana"), version));
  const mode_t before = ::umask(0277);
  const Status copied = vault->back_up(vault.kind.folder / "it's a copy.db");
  ::umask(before);
  REQUIRE_MESSAGE(copied, copied.error().message());
  CHECK(mode_of(vault.kind.folder / "it's a copy.db") == 0600);
  add(*vault.vault, "later");
  {
    Result<std::unique_ptr<SqliteVault>> copy =
        SqliteVault::open(vault.kind.folder / "it's a copy.db");
    REQUIRE(copy);
    CHECK(*(*copy)->find_account("ana"));
    CHECK(*(*copy)->find_session(bytes("hash a", 32)));
    CHECK_FALSE(*(*copy)->find_account("later"));
  }
  put_bytes(vault.kind.folder / "there", "mine");
  for (const std::string& path : {vault.kind.folder / "there", vault.kind.folder / "auth.db"}) {
    const Status refused = vault->back_up(path);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == std::errc::file_exists);
  }
  CHECK(bytes_of(vault.kind.folder / "there") == "mine");
  CHECK(*vault->find_account("later"));
  CHECK(vault->back_up(vault.kind.folder / "no/where.db").error().code ==
        std::errc::no_such_file_or_directory);
  REQUIRE(::symlink("nowhere", (vault.kind.folder / "link").c_str()) == 0);
  CHECK(vault->back_up(vault.kind.folder / "link").error().code == std::errc::file_exists);
}

TEST_CASE("SqliteVault: copies are made by another thread while changes go on") {
  Opened<InSqlite> vault;
  add(*vault.vault, "first");
  std::atomic<bool> done = false;
  std::vector<std::string> failed;
  std::thread copying{[&] {
    for (int i = 0; i < 5; ++i) {
      const Status copied = vault->back_up(vault.kind.folder / ("copy" + std::to_string(i)));
      if (!copied) failed.push_back(copied.error().message());
    }
    done = true;
  }};
  int added = 0;
  while (!done && added < 100'000)
    add(*vault.vault, "user" + std::to_string(++added));
  copying.join();
  CHECK(failed.empty());
  for (int i = 0; i < 5; ++i) {
    const Result<std::unique_ptr<SqliteVault>> copy =
        SqliteVault::open(vault.kind.folder / ("copy" + std::to_string(i)));
    REQUIRE(copy);
    CHECK(*(*copy)->find_account("first"));
  }
  CHECK(*vault->find_account("user" + std::to_string(added)));
}

TEST_CASE("SqliteVault: refuses a database from a newer version and from another program") {
  const TemporaryFolder folder;
  const std::string path = folder / "auth.db";
  SUBCASE("newer") {
    { open_in(folder); }
    const std::array<std::string_view, 2> newer{"", "CREATE TABLE future(a)"};
    { REQUIRE(store::Database::open(path, 0x4e4b4155, newer)); }
    const Result<std::unique_ptr<SqliteVault>> refused = SqliteVault::open(path);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::refused);
    CHECK(refused.error().hint.find("it has version 2 and this program knows 1") == 0);
  }
  SUBCASE("another program's") {
    const std::array<std::string_view, 1> other{"CREATE TABLE hosts(a)"};
    { REQUIRE(store::Database::open(path, 0x4e4b5344, other)); }
    CHECK(SqliteVault::open(path).error().code == Errc::refused);
  }
  SUBCASE("none at all") {
    put_bytes(path, std::string(5000, 'x'));
    CHECK(SqliteVault::open(path).error().code == Errc::malformed);
  }
}

TEST_CASE("SqliteVault: a former password hash does not lie on in the file") {
  Opened<InSqlite> vault;
  const std::string former = "$y$j9T$formerformerformer";
  REQUIRE(vault->add_account(account("ana", former), std::nullopt, false, 1));
  REQUIRE(vault->rehash("ana", former, "$argon2id$new"));
  vault.vault.reset();  // The last connection writes the log back and removes it.
  const std::string bytes = bytes_of(vault.kind.folder / "auth.db");
  CHECK(bytes.find("$argon2id$new") != std::string::npos);
  CHECK(bytes.find(former) == std::string::npos);
  CHECK(mode_of(vault.kind.folder / "auth.db") == 0600);
}

TEST_CASE("SqliteVault: a full disk leaves each call undone and the vault usable") {
  const TemporaryFolder folder;
  { add(*open_in(folder), "ana"); }
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const std::unique_ptr<SqliteVault> vault = open_in(folder);
    const std::uint64_t version = (*vault->find_account("ana"))->version;
    bool good = vault->add_device("ana", bytes("device", 32), 1) &&
                vault->add_session(session("a", "ana"), version);
    struct stat log {};
    good = good && ::stat((folder / "auth.db-wal").c_str(), &log) == 0;
    // A limit on the size of files: what grows past it fails like on a disk that is full. It takes
    // one more page of the log, so that a transaction stops in its middle.
    const auto size = static_cast<rlim_t>(log.st_size) + 4096 + 24;
    const rlimit limit{size, size};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    good = good && !vault->change_password("ana", version, "$new", "", 3000);
    good = good && !vault->add_account(account("bob"), std::nullopt, false, 1);
    good = good && !vault->end_sessions({"ana", "", ""});
    good = good && !vault->back_up(folder / "copy.db");
    good = good && (*vault->find_account("ana"))->password == "$hash";
    good = good && (*vault->find_account("ana"))->version == version;
    good = good && !*vault->find_account("bob");
    good = good && vault->sessions_of("ana")->size() == 1;
    good = good && *vault->is_device("ana", bytes("device", 32));
    ::_exit(good ? 0 : 1);
  }
  CHECK(exit_code_of(child) == 0);
  CHECK(::access((folder / "copy.db").c_str(), F_OK) != 0);
  const std::unique_ptr<SqliteVault> vault = open_in(folder);
  const std::uint64_t version = (*vault->find_account("ana"))->version;
  CHECK(*vault->change_password("ana", version, "$new", "", 3000));
}

TEST_CASE("SqliteVault: kill -9 in the middle leaves the old or the new, never half") {
  const TemporaryFolder folder;
  { add(*open_in(folder), "ana"); }
  for (int round = 0; round < 10; ++round) {
    int channel[2];
    REQUIRE(::pipe(channel) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const std::unique_ptr<SqliteVault> vault = open_in(folder);
      for (int step = 0;; ++step) {
        const Account now = **vault->find_account("ana");
        const std::string next = std::to_string(round) + "/" + std::to_string(step);
        static_cast<void>(vault->add_session(session(next, "ana"), now.version));
        static_cast<void>(vault->change_password("ana", now.version, next, "", 3000));
        if (::write(channel[1], "x", 1) != 1) ::_exit(1);
      }
    }
    // Some steps are done, and the next has begun.
    char seen[8];
    REQUIRE(::read(channel[0], seen, static_cast<std::size_t>(round % 8) + 1) > 0);
    ::kill(child, SIGKILL);
    CHECK(exit_code_of(child) == 128 + SIGKILL);
    ::close(channel[0]);
    ::close(channel[1]);
    const std::unique_ptr<SqliteVault> vault = open_in(folder);
    const Result<std::optional<Account>> ana = vault->find_account("ana");
    REQUIRE((ana && *ana));
    CHECK((*ana)->password.starts_with(std::to_string(round) + "/"));
    CHECK(vault->sessions_of("ana")->size() <= 1);
  }
}
