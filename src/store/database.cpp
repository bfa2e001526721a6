// Opening a database: whose file it is, which version, what is missing, and the copy kept first.
#include "store/database.hpp"

#include <algorithm>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/hex.hpp"
#include "base/text.hpp"
#include "store/sqlite_connection.hpp"

namespace netkit::store {
namespace {

constexpr int busy_limit_ms = 100;
constexpr std::size_t statements_max = 64;

struct Identity {
  std::int64_t application_id = 0;
  std::int64_t version = 0;
  std::int64_t objects = 0;  ///< Tables, indexes, ...

  /// No file, or one whose creation was interrupted: migrations are one transaction.
  bool fresh() const { return application_id == 0 && version == 0 && objects == 0; }
};

/// SQLite would create the file for everybody to read; -wal and -shm take this file's mode.
Status create_private(const std::string& path) {
  const FileDescriptor made{open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!made && errno != EEXIST) return errno_error("create " + escape_for_display(path));
  return ok;
}

Status connect(Connection& connection, const std::string& name, int flags) {
  const int result = sqlite3_open_v2(name.c_str(), &connection.handle,
                                     flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (result != SQLITE_OK) return connection.error(result, "open");
  sqlite3_busy_timeout(connection.handle, busy_limit_ms);
  return ok;
}

Status connect_to_write(Connection& connection) {
  if (Status made = create_private(connection.path); !made) return made;
  if (Status connected = connect(connection, connection.path, SQLITE_OPEN_READWRITE); !connected)
    return connected;
  // A file that may only be read is opened like that without a word.
  if (sqlite3_db_readonly(connection.handle, "main") == 1)
    return Error{std::make_error_code(std::errc::permission_denied),
                 "write to " + escape_for_display(connection.path)};
  return ok;
}

Status connect_to_read(Connection& connection) {
  if (::access(connection.path.c_str(), R_OK) != 0)
    return errno_error("open " + escape_for_display(connection.path));
  // A reader of a file in WAL mode would leave -wal and -shm beside it. Without a -wal nobody has
  // it open and all of it is in the file, which is then taken for one that does not change.
  if (::access((connection.path + "-wal").c_str(), F_OK) == 0)
    return connect(connection, connection.path, SQLITE_OPEN_READONLY);
  std::string name = "file:";
  for (const char byte : connection.path)
    name += "%" + to_hex({&byte, 1});
  return connect(connection, name + "?immutable=1", SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

Result<Identity> identify(Connection& connection) {
  const Result<std::int64_t> application_id = connection.ask("PRAGMA application_id");
  if (!application_id) return application_id.error();
  const Result<std::int64_t> version = connection.ask("PRAGMA user_version");
  if (!version) return version.error();
  const Result<std::int64_t> objects = connection.ask("SELECT count(*) FROM sqlite_master");
  if (!objects) return objects.error();
  return Identity{*application_id, *version, *objects};
}

Status check_ours(const Connection& connection, const Identity& found, std::int32_t application_id,
                  std::size_t version_max) {
  const std::string shown = escape_for_display(connection.path);
  if (!found.fresh() && found.application_id != application_id)
    return Error{Errc::refused, "use " + shown,
                 "it is the database of another program; move it away, or "
                 "choose another --state"};
  if (found.version < 0 || static_cast<std::uint64_t>(found.version) > version_max)
    return Error{Errc::refused, "use " + shown,
                 "it has version " + std::to_string(found.version) + " and this program knows " +
                     std::to_string(version_max) + "; use the newer program, or put the copy " +
                     shown + ".v" + std::to_string(version_max) + " in its place if there is one"};
  return ok;
}

Status sync_to_disk(const std::string& path, int flags) {
  const FileDescriptor file{open(path.c_str(), flags | O_CLOEXEC)};
  if (!file || (fsync(file.get()) != 0 && errno != EINVAL))
    return errno_error("keep a copy as " + escape_for_display(path));
  return ok;
}

/// A copy that is whole or not there: what the write-ahead log holds is in it.
Status keep_copy(Connection& connection, std::int64_t version) {
  const std::string path = connection.path + ".v" + std::to_string(version);
  const std::string unfinished = path + ".new";
  const std::string attempt = "keep a copy as " + escape_for_display(path);
  if (unlink(unfinished.c_str()) != 0 && errno != ENOENT) return errno_error(attempt);
  if (Status made = create_private(unfinished); !made) return made;
  std::string quoted;
  for (const char letter : unfinished)
    quoted.append(letter == '\'' ? 2 : 1, letter);
  Status copied = connection.execute("VACUUM INTO '" + quoted + "'", "keep a copy of");
  if (copied) copied = sync_to_disk(unfinished, O_RDONLY);
  if (copied && rename(unfinished.c_str(), path.c_str()) != 0) copied = errno_error(attempt);
  if (!copied) {
    unlink(unfinished.c_str());
    return copied;
  }
  const std::size_t slash = path.rfind('/');
  return sync_to_disk(slash == std::string::npos ? "." : path.substr(0, slash + 1),
                      O_RDONLY | O_DIRECTORY);
}

Status run_missing(Connection& connection, std::int32_t application_id,
                   std::span<const std::string_view> migrations) {
  // Another process may have migrated it between the first look and this lock.
  const Result<Identity> now = identify(connection);
  if (!now) return now.error();
  if (Status ours = check_ours(connection, *now, application_id, migrations.size()); !ours)
    return ours;
  for (auto at = static_cast<std::size_t>(now->version); at < migrations.size(); ++at)
    if (Status done = connection.execute(std::string{migrations[at]}, "migrate"); !done)
      return done;
  return connection.execute("PRAGMA application_id = " + std::to_string(application_id) +
                                "; PRAGMA user_version = " + std::to_string(migrations.size()),
                            "migrate");
}

Status migrate(Connection& connection, std::int32_t application_id,
               std::span<const std::string_view> migrations) {
  if (Status begun = connection.execute("BEGIN IMMEDIATE", "migrate"); !begun) return begun;
  Status done = run_missing(connection, application_id, migrations);
  if (done) done = connection.execute("COMMIT", "migrate");
  if (!done && sqlite3_get_autocommit(connection.handle) == 0)
    static_cast<void>(connection.execute("ROLLBACK", "migrate"));
  return done;
}

/// Only once it is known to be ours: this changes the file.
Status make_durable(Connection& connection) {
  if (Status set = connection.execute("PRAGMA journal_mode = WAL", "write to"); !set) return set;
  return connection.execute("PRAGMA synchronous = FULL", "write to");
}

}  // namespace

Result<Database> Database::open(const std::string& path, std::int32_t application_id,
                                std::span<const std::string_view> migrations) {
  auto connection = std::make_unique<Connection>();
  connection->path = path;
  if (Status connected = connect_to_write(*connection); !connected) return connected.error();
  const Result<Identity> found = identify(*connection);
  if (!found) return found.error();
  if (Status ours = check_ours(*connection, *found, application_id, migrations.size()); !ours)
    return ours.error();
  if (Status set = make_durable(*connection); !set) return set.error();
  const bool older = static_cast<std::size_t>(found->version) < migrations.size();
  if (older && found->version > 0)
    if (Status kept = keep_copy(*connection, found->version); !kept) return kept.error();
  if (older || found->application_id != application_id)
    if (Status done = migrate(*connection, application_id, migrations); !done) return done.error();
  if (Status set = connection->execute("PRAGMA foreign_keys = ON", "open"); !set)
    return set.error();
  return Database{std::move(connection)};
}

Result<Database> Database::open_to_read(const std::string& path, std::int32_t application_id,
                                        std::size_t version) {
  auto connection = std::make_unique<Connection>();
  connection->path = path;
  if (Status connected = connect_to_read(*connection); !connected) return connected.error();
  const Result<Identity> found = identify(*connection);
  if (!found) return found.error();
  if (found->application_id != application_id ||
      found->version != static_cast<std::int64_t>(version))
    return Error{Errc::refused, "read " + escape_for_display(path),
                 "it is the database of another program or version"};
  return Database{std::move(connection)};
}

Database::Database(std::unique_ptr<Connection> connection) : connection_{std::move(connection)} {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Statement> Database::statement(std::string_view sql) {
  std::vector<Connection::Kept>& kept = connection_->kept;
  const auto found = std::find_if(kept.begin(), kept.end(),
                                  [&](const auto& one) { return one.sql == sql && !one.lent; });
  if (found != kept.end()) {
    found->lent = true;
    return Statement{*connection_, found->handle, true};
  }
  sqlite3_stmt* handle = nullptr;
  const int result =
      sqlite3_prepare_v3(connection_->handle, sql.data(), static_cast<int>(sql.size()),
                         SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (result != SQLITE_OK) return connection_->error(result, "use");
  if (!handle)
    return Error{std::make_error_code(std::errc::invalid_argument),
                 "use " + escape_for_display(path()), "a statement without SQL"};
  const bool keep = kept.size() < statements_max;
  if (keep) kept.push_back({std::string{sql}, handle, true});
  return Statement{*connection_, handle, keep};
}

Result<Transaction> Database::begin() {
  if (Status begun = connection_->execute("BEGIN IMMEDIATE", "write to"); !begun)
    return begun.error();
  return Transaction{*connection_};
}

std::int64_t Database::last_insert_id() const {
  return sqlite3_last_insert_rowid(connection_->handle);
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(connection_->handle);
}

const std::string& Database::path() const {
  return connection_->path;
}

}  // namespace netkit::store
