// The tables, opening, cleaning up and copying; accounts, sessions and the rest have files of their
// own beside this one.
#include "commands/auth/sqlite_vault.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "commands/auth/sqlite_vault_rows.hpp"

namespace netkit::auth {
namespace {

using store::Statement;

constexpr std::int32_t application_id = 0x4e4b4155;  // "NKAU"

// Counting 100,000 rows at each insert would cost more than the insert: triggers keep the counts.
constexpr std::array<std::string_view, 1> migrations{R"sql(
CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES('version', 0), ('known', 0), ('invitations', 0), ('spent', 0);
CREATE TABLE accounts(
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, user TEXT NOT NULL,
  password TEXT NOT NULL, scopes TEXT NOT NULL, administrates INTEGER NOT NULL,
  created_s INTEGER NOT NULL, password_changed_s INTEGER NOT NULL,
  version INTEGER NOT NULL) STRICT;
CREATE INDEX administrators ON accounts(id) WHERE administrates;
CREATE TABLE sessions(
  number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, token_hash BLOB NOT NULL UNIQUE,
  public_key BLOB NOT NULL, account INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE,
  device TEXT NOT NULL, address TEXT NOT NULL, last_address TEXT NOT NULL,
  created_s INTEGER NOT NULL, last_used_s INTEGER NOT NULL, expires_s INTEGER NOT NULL) STRICT;
CREATE INDEX sessions_by_account ON sessions(account);
CREATE INDEX sessions_by_use ON sessions(last_used_s);
CREATE INDEX sessions_by_end ON sessions(expires_s);
CREATE TABLE devices(
  account INTEGER NOT NULL REFERENCES accounts(id) ON DELETE CASCADE, hash BLOB NOT NULL,
  used_s INTEGER NOT NULL, PRIMARY KEY(account, hash)) STRICT, WITHOUT ROWID;
CREATE TABLE invitations(
  code_hash BLOB PRIMARY KEY, issuer TEXT NOT NULL, expires_s INTEGER NOT NULL)
  STRICT, WITHOUT ROWID;
CREATE INDEX invitations_by_end ON invitations(expires_s);
CREATE INDEX invitations_by_issuer ON invitations(issuer);
CREATE TABLE known(
  address TEXT PRIMARY KEY, name TEXT NOT NULL, first_seen_s INTEGER NOT NULL,
  last_seen_s INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX known_by_sight ON known(last_seen_s);
CREATE TABLE throttles(
  key TEXT PRIMARY KEY, failures INTEGER NOT NULL, last_failure_s INTEGER NOT NULL)
  STRICT, WITHOUT ROWID;
CREATE TABLE spent(
  nonce BLOB PRIMARY KEY, uses INTEGER NOT NULL, expires_s INTEGER NOT NULL,
  session INTEGER NOT NULL REFERENCES sessions(number) ON DELETE CASCADE)
  STRICT, WITHOUT ROWID;
CREATE INDEX spent_by_session ON spent(session);
CREATE INDEX spent_by_end ON spent(expires_s);
CREATE TRIGGER known_more AFTER INSERT ON known
  BEGIN UPDATE counters SET value = value + 1 WHERE name = 'known'; END;
CREATE TRIGGER known_less AFTER DELETE ON known
  BEGIN UPDATE counters SET value = value - 1 WHERE name = 'known'; END;
CREATE TRIGGER invitations_more AFTER INSERT ON invitations
  BEGIN UPDATE counters SET value = value + 1 WHERE name = 'invitations'; END;
CREATE TRIGGER invitations_less AFTER DELETE ON invitations
  BEGIN UPDATE counters SET value = value - 1 WHERE name = 'invitations'; END;
CREATE TRIGGER spent_more AFTER INSERT ON spent
  BEGIN UPDATE counters SET value = value + 1 WHERE name = 'spent'; END;
CREATE TRIGGER spent_less AFTER DELETE ON spent
  BEGIN UPDATE counters SET value = value - 1 WHERE name = 'spent'; END;
)sql"};

Result<store::Database> open_database(const std::string& path) {
  Result<store::Database> database = store::Database::open(path, application_id, migrations);
  if (!database) return database;
  // What was deleted is overwritten, so that no former hash lies on in the file.
  if (Status set = database->run("PRAGMA secure_delete = ON"); !set) return set.error();
  return database;
}

Status sync_to_disk(const std::string& path, int flags) {
  const FileDescriptor file{open(path.c_str(), flags | O_CLOEXEC)};
  if (!file || (fsync(file.get()) != 0 && errno != EINVAL))
    return errno_error("write a copy to " + escape_for_display(path));
  return ok;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

/// Into a file that is there and empty, which SQLite takes as one to be written.
Status copy_into(const std::string& source, const std::string& path) {
  Result<store::Database> database = open_database(source);
  if (!database) return database.error();
  if (Status copied = database->run("VACUUM INTO ?", path); !copied) {
    Error failed = copied.error();
    failed.attempt = "write a copy to " + escape_for_display(path);
    return failed;
  }
  if (Status synced = sync_to_disk(path, O_RDONLY); !synced) return synced;
  return sync_to_disk(folder_of(path), O_RDONLY | O_DIRECTORY);
}

}  // namespace

namespace rows {

bool has_administrator(std::string_view packed_scopes) {
  const std::vector<std::string_view> words = split(packed_scopes, ' ');
  return std::find(words.begin(), words.end(), administrator) != words.end();
}

Result<std::vector<std::string>> texts(Statement& statement) {
  return all(statement, [](const Statement& row) { return std::string{row.text(0)}; });
}

}  // namespace rows

Result<std::unique_ptr<SqliteVault>> SqliteVault::open(const std::string& path) {
  Result<store::Database> database = open_database(path);
  if (!database) return database.error();
  return std::unique_ptr<SqliteVault>{new SqliteVault{*std::move(database)}};
}

Result<std::vector<std::string>> SqliteVault::clean_up(Time now, Time idle_before) {
  constexpr auto count = static_cast<std::int64_t>(clean_up_max);
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  Result<Statement> over = rows::prepared(
      database_,
      "DELETE FROM sessions WHERE number IN (SELECT number FROM sessions WHERE expires_s <= ?1 "
      "UNION ALL SELECT number FROM sessions WHERE last_used_s < ?2 LIMIT ?3) RETURNING id",
      now, idle_before, count);
  if (!over) return over.error();
  Result<std::vector<std::string>> ended = rows::texts(*over);
  if (!ended) return ended;
  const Status invitations = database_.run(
      "DELETE FROM invitations WHERE code_hash IN (SELECT code_hash FROM invitations "
      "WHERE expires_s <= ? LIMIT ?)",
      now, count);
  if (!invitations) return invitations.error();
  const Status spent = database_.run(
      "DELETE FROM spent WHERE nonce IN (SELECT nonce FROM spent WHERE expires_s <= ? LIMIT ?)",
      now - spent_kept_s, count);
  if (!spent) return spent.error();
  if (Status kept = transaction->commit(); !kept) return kept.error();
  return ended;
}

Status SqliteVault::back_up(const std::string& path) {
  const std::string attempt = "write a copy to " + escape_for_display(path);
  const FileDescriptor made{
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!made) {
    const char* hint = errno == EEXIST ? "choose another path; nothing is overwritten" : "";
    return errno_error(attempt, hint);
  }
  // The umask may have taken the owner's own rights away.
  Status copied = fchmod(made.get(), 0600) == 0 ? Status{ok} : errno_error(attempt);
  if (copied) copied = copy_into(database_.path(), path);
  if (!copied) unlink(path.c_str());
  return copied;
}

}  // namespace netkit::auth
