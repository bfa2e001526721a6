// Tests of the database, with the sqlite3 file format looked at from outside where it counts.
#include "store/database.hpp"

#include <array>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::store;
using support::bytes_of;
using support::put_bytes;
using support::TemporaryFolder;

namespace {

constexpr std::int32_t ours = 0x6e6b7431;  // "nkt1"
constexpr std::array<std::string_view, 2> migrations{
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, host TEXT NOT NULL UNIQUE, token BLOB);"
    "CREATE TABLE steps (of INTEGER NOT NULL REFERENCES orders (id));",
    "ALTER TABLE orders ADD COLUMN reason TEXT;"};
constexpr std::span<const std::string_view> all{migrations};

Result<Database> open_in(const TemporaryFolder& folder, std::size_t versions = 2) {
  return Database::open(folder / "orders.db", ours, all.first(versions));
}

std::int64_t count(Database& database) {
  Result<Statement> query = database.statement("SELECT count(*) FROM orders");
  REQUIRE(query);
  const Result<bool> row = query->step();
  REQUIRE((row && *row));
  return query->number(0);
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

TEST_CASE("Database: a new one is private, in WAL mode and carries its application's id") {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0);
  {
    Result<Database> database = open_in(folder);
    REQUIRE(database);
    CHECK(database->run("INSERT INTO orders (host) VALUES (?)", "web1"));
    CHECK(mode_of(folder / "orders.db") == 0600);
    CHECK(mode_of(folder / "orders.db-wal") == 0600);
  }
  ::umask(before);
  const std::string bytes = bytes_of(folder / "orders.db");
  CHECK(bytes.starts_with("SQLite format 3"));
  // The database file format, 1.3: bytes 18 and 19 are 2 for WAL, 60 the user version, 68 the id.
  CHECK(bytes.substr(18, 2) == "\x02\x02");
  CHECK(bytes.substr(60, 4) == std::string("\0\0\0\x02", 4));
  CHECK(bytes.substr(68, 4) == "nkt1");
  CHECK_FALSE(exists(folder / "orders.db.v0"));
}

TEST_CASE("Statement: what is bound comes back, byte by byte") {
  const TemporaryFolder folder;
  Result<Database> database = open_in(folder);
  REQUIRE(database);
  const std::string bytes("\0\xff'\0x", 5);
  CHECK(database->run("INSERT INTO orders VALUES (?, ?, ?, ?)", std::int64_t{-5}, "it's",
                      Blob{bytes}, nullptr));
  CHECK(database->run("INSERT INTO orders VALUES (?, ?, ?, ?)", INT64_MAX, "", Blob{""},
                      std::optional<std::int64_t>{}));
  CHECK(database->last_insert_id() == INT64_MAX);
  Result<Statement> query =
      database->statement("SELECT id, host, token, reason, typeof(token) FROM orders ORDER BY id");
  REQUIRE(query);
  REQUIRE(*query->step());
  CHECK(query->number(0) == -5);
  CHECK(query->text(1) == "it's");
  CHECK(query->text(2) == bytes);
  CHECK(query->is_null(3));
  CHECK(query->text(3).empty());
  CHECK(query->text(4) == "blob");
  REQUIRE(*query->step());
  CHECK(query->number(0) == INT64_MAX);
  CHECK_FALSE(query->is_null(1));
  CHECK_FALSE(query->is_null(2));
  CHECK_FALSE(*query->step());
}

TEST_CASE("Statement: the same SQL twice at a time, and many more than are kept") {
  const TemporaryFolder folder;
  Result<Database> database = open_in(folder);
  REQUIRE(database);
  for (const char* host : {"a", "b", "c"})
    CHECK(database->run("INSERT INTO orders (host) VALUES (?)", host));
  Result<Statement> outer = database->statement("SELECT host FROM orders ORDER BY id");
  REQUIRE(*outer->step());
  {
    Result<Statement> inner = database->statement("SELECT host FROM orders ORDER BY id");
    REQUIRE(*inner->step());
    REQUIRE(*inner->step());
    CHECK(inner->text(0) == "b");
  }
  CHECK(outer->text(0) == "a");
  for (int number = 0; number < 200; ++number)
    CHECK(database->run("SELECT " + std::to_string(number)));
}

TEST_CASE("Statement: errors have a code, name the file and leave it usable") {
  const TemporaryFolder folder;
  Result<Database> database = open_in(folder);
  REQUIRE(database);
  CHECK(database->run("INSERT INTO orders (host) VALUES (?)", "web1"));
  const Status second = database->run("INSERT INTO orders (host) VALUES (?)", "web1");
  REQUIRE_FALSE(second);
  CHECK(second.error().code == std::errc::file_exists);
  CHECK(second.error().message().find("cannot write to " + folder / "orders.db") == 0);
  const Status orphan = database->run("INSERT INTO steps VALUES (77)");
  REQUIRE_FALSE(orphan);
  CHECK(orphan.error().code == std::errc::invalid_argument);
  CHECK(orphan.error().hint.find("FOREIGN KEY") != std::string::npos);
  CHECK(database->run("SELEC 1").error().code == std::errc::invalid_argument);
  CHECK(database->run("").error().code == std::errc::invalid_argument);
  CHECK(database->run("SELECT ?", 1, 2).error().code == std::errc::invalid_argument);
  CHECK(database->run("SELECT ?", 1));
  CHECK(count(*database) == 1);
}

TEST_CASE("Transaction: all of it or nothing") {
  const TemporaryFolder folder;
  Result<Database> database = open_in(folder);
  REQUIRE(database);
  {
    const Result<Transaction> dropped = database->begin();
    REQUIRE(dropped);
    CHECK(database->run("INSERT INTO orders (host) VALUES ('x')"));
    CHECK_FALSE(database->begin());
  }
  CHECK(count(*database) == 0);
  Result<Transaction> kept = database->begin();
  REQUIRE(kept);
  CHECK(database->run("INSERT INTO orders (host) VALUES ('x')"));
  CHECK(kept->commit());
  CHECK(count(*database) == 1);
}

TEST_CASE("Database: what was committed survives kill -9, what was not is gone") {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    Result<Database> database = open_in(folder);
    bool done = database && database->run("INSERT INTO orders (host) VALUES ('kept')");
    const Result<Transaction> open_one = database->begin();
    done = done && open_one && database->run("INSERT INTO orders (host) VALUES ('lost')");
    ::kill(::getpid(), done ? SIGKILL : SIGABRT);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WTERMSIG(status) == SIGKILL);
  Result<Database> database = open_in(folder);
  REQUIRE(database);
  CHECK(count(*database) == 1);
}

TEST_CASE("Database: migrates forward and keeps a copy of the older version") {
  const TemporaryFolder folder;
  {
    Result<Database> old = open_in(folder, 1);
    REQUIRE(old);
    CHECK(old->run("INSERT INTO orders (host) VALUES ('web1')"));
  }
  {
    Result<Database> database = open_in(folder, 2);
    REQUIRE(database);
    CHECK(database->run("UPDATE orders SET reason = 'UPS'"));
    CHECK(database->changes() == 1);
  }
  CHECK(mode_of(folder / "orders.db.v1") == 0600);
  CHECK_FALSE(exists(folder / "orders.db.v1.new"));
  const Result<Database> newer = open_in(folder, 1);
  REQUIRE_FALSE(newer);
  CHECK(newer.error().code == Errc::refused);
  CHECK(newer.error().hint.find("it has version 2 and this program knows 1") == 0);
  Result<Database> copy = Database::open(folder / "orders.db.v1", ours, all.first(1));
  REQUIRE(copy);
  CHECK(count(*copy) == 1);
}

TEST_CASE("Database: a migration that fails changes nothing") {
  const TemporaryFolder folder;
  { REQUIRE(open_in(folder, 1)); }
  const std::array<std::string_view, 3> broken{
      migrations[0], migrations[1], "CREATE TABLE more (a); INSERT INTO nowhere VALUES (1)"};
  const Result<Database> failed = Database::open(folder / "orders.db", ours, broken);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().hint.find("nowhere") != std::string::npos);
  CHECK(open_in(folder, 1));
}

TEST_CASE("Database: refuses what is not its own, untouched") {
  const TemporaryFolder folder;
  const std::string path = folder / "orders.db";
  SUBCASE("a text") {
    const std::string text(5000, 'x');
    put_bytes(path, text);
    const Result<Database> refused = open_in(folder);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::malformed);
    CHECK(refused.error().hint.find("move it away") != std::string::npos);
    CHECK(bytes_of(path) == text);
  }
  SUBCASE("another program's database") {
    { REQUIRE(Database::open(path, ours + 1, all)); }
    const std::string bytes = bytes_of(path);
    const Result<Database> refused = open_in(folder);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::refused);
    CHECK(refused.error().hint.find("another program") != std::string::npos);
    CHECK(bytes_of(path) == bytes);
  }
  SUBCASE("a folder") {
    ::mkdir(path.c_str(), 0700);
    CHECK_FALSE(open_in(folder));
  }
  SUBCASE("a path that does not exist") {
    const Result<Database> refused = Database::open(folder / "no/orders.db", ours, all);
    CHECK(refused.error().code == std::errc::no_such_file_or_directory);
  }
}

TEST_CASE("Database: opened to read it shows what was committed and refuses writes") {
  const TemporaryFolder folder;
  // Every letter that means something in a URI.
  const std::string path = folder / "o?r#d%41 e&rs.db";
  Result<Database> writer = Database::open(path, ours, all);
  REQUIRE(writer);
  CHECK(writer->run("INSERT INTO orders (host) VALUES ('web1')"));
  {
    Result<Database> reader = Database::open_to_read(path, ours, all.size());
    REQUIRE(reader);
    CHECK(count(*reader) == 1);
    CHECK(writer->run("INSERT INTO orders (host) VALUES ('web2')"));
    CHECK(count(*reader) == 2);
    CHECK_FALSE(reader->run("INSERT INTO orders (host) VALUES ('web3')"));
  }
  CHECK(count(*writer) == 2);
}

TEST_CASE("Database: opened to read it leaves a file at rest and its folder as they were") {
  const TemporaryFolder folder;
  {
    Result<Database> writer = open_in(folder, 1);
    REQUIRE(writer);
    CHECK(writer->run("INSERT INTO orders (host) VALUES ('web1')"));
  }
  const std::string bytes = bytes_of(folder / "orders.db");
  {
    Result<Database> reader = Database::open_to_read(folder / "orders.db", ours, 1);
    REQUIRE(reader);
    CHECK(count(*reader) == 1);
    CHECK_FALSE(reader->run("DELETE FROM orders"));
  }
  for (const std::size_t version : {std::size_t{0}, std::size_t{2}}) {
    const Result<Database> other = Database::open_to_read(folder / "orders.db", ours, version);
    REQUIRE_FALSE(other);
    CHECK(other.error().code == Errc::refused);
  }
  CHECK(Database::open_to_read(folder / "orders.db", ours + 1, 1).error().code == Errc::refused);
  CHECK(bytes_of(folder / "orders.db") == bytes);
  for (const char* beside : {"orders.db-wal", "orders.db-shm", "orders.db.v1"})
    CHECK_FALSE(exists(folder / beside));
}

TEST_CASE("Database: opened to read it creates nothing") {
  const TemporaryFolder folder;
  const Result<Database> missing = Database::open_to_read(folder / "orders.db", ours, 2);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == std::errc::no_such_file_or_directory);
  CHECK_FALSE(exists(folder / "orders.db"));
  put_bytes(folder / "orders.db", "");
  CHECK(Database::open_to_read(folder / "orders.db", ours, 2).error().code == Errc::refused);
  CHECK(bytes_of(folder / "orders.db").empty());
}

TEST_CASE("Database: an empty file is a new database") {
  const TemporaryFolder folder;
  put_bytes(folder / "orders.db", "");
  CHECK(open_in(folder));
}

TEST_CASE("Database: a damaged one is told at every place, never a crash") {
  const TemporaryFolder folder;
  {
    Result<Database> database = open_in(folder);
    for (int row = 0; row < 200; ++row)
      CHECK(database->run("INSERT INTO orders (host) VALUES (?)", std::to_string(row)));
  }
  const std::string whole = bytes_of(folder / "orders.db");
  for (std::size_t at = 0; at < whole.size(); at += 257) {
    std::string bytes = whole;
    for (std::size_t i = at; i < std::min(at + 64, bytes.size()); ++i)
      bytes[i] = static_cast<char>(~bytes[i]);
    put_bytes(folder / "orders.db", bytes);
    ::unlink((folder / "orders.db-wal").c_str());
    ::unlink((folder / "orders.db-shm").c_str());
    Result<Database> database = open_in(folder);
    if (!database) continue;
    static_cast<void>(database->run("SELECT count(*), max(host) FROM orders"));
    static_cast<void>(database->run("INSERT INTO orders (host) VALUES ('more')"));
  }
}

TEST_CASE("Database: another writer is busy, not an error without end") {
  const TemporaryFolder folder;
  Result<Database> first = open_in(folder);
  Result<Database> second = open_in(folder);
  REQUIRE(first);
  REQUIRE(second);
  const Result<Transaction> held = first->begin();
  const Result<Transaction> waiting = second->begin();
  REQUIRE_FALSE(waiting);
  CHECK(waiting.error().code == Errc::busy);
}

TEST_CASE("Database: a full disk fails the write with a code, and changes nothing") {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    Result<Database> database = open_in(folder);
    bool good = database && database->run("INSERT INTO orders (host) VALUES ('kept')");
    // A limit on the size of files: what grows past it fails like on a disk that is full.
    const rlimit limit{256 * 1024, 256 * 1024};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string large(1024 * 1024, 'x');
    const Status failed = database->run("INSERT INTO orders (host) VALUES (?)", large);
    good = good && !failed && failed.error().code == std::errc::file_too_large;
    good = good && count(*database) == 1;
    good = good && database->run("INSERT INTO orders (host) VALUES ('more')");
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
  Result<Database> database = open_in(folder);
  CHECK(count(*database) == 2);
}
