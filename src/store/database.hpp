// One SQLite file behind a small interface: opening with migrations, prepared statements,
// transactions. Used by commands that must remember across kill -9. Knows no table of theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

struct sqlite3_stmt;

namespace netkit::store {

/// Bytes for a BLOB column, which a std::string_view alone would make TEXT.
struct Blob {
  std::string_view bytes;
};

struct Connection;

/// A prepared statement, lent by the Database until this object goes; it must go first. Parameters
/// count from 1 and columns from 0, as in SQLite. A failed bind is told by the next step().
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  /// What is bound is copied. Numbers above INT64_MAX are stored as the same 64 bits.
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, Blob blob);
  Statement& bind(int parameter, std::nullptr_t);
  Statement& bind(int parameter, std::optional<std::int64_t> value);
  /// All parameters in order, from 1.
  template <typename... Values>
  Statement& bind_all(const Values&... values) {
    int parameter = 0;
    (bind(++parameter, values), ...);
    return *this;
  }

  /// True: a row is there to be read. False: that was the last one, and the next step() starts
  /// again. After an error, too.
  Result<bool> step();
  /// Steps to the end, ignoring rows.
  Status run();
  /// Makes it ready to be bound and stepped anew; bindings are forgotten.
  void reset();

  std::int64_t number(int column) const;
  /// A view of TEXT or BLOB, valid until the next step(), reset() or the end of this object. Empty
  /// for NULL.
  std::string_view text(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  Statement(Connection& connection, sqlite3_stmt* handle, bool cached)
      : connection_{&connection}, handle_{handle}, cached_{cached} {}

  Connection* connection_;
  sqlite3_stmt* handle_;
  bool cached_;
  int failed_ = 0;  ///< The first failed bind's SQLite code.
};

/// Everything between its begin and commit() happens, or nothing. It must not outlive its Database.
/// After a failed statement it may be over already (a full disk): let it go without commit().
class Transaction {
 public:
  Transaction(Transaction&& other) noexcept
      : connection_{std::exchange(other.connection_, nullptr)} {}
  Transaction& operator=(Transaction&&) = delete;
  /// Rolls back what was not committed.
  ~Transaction();

  /// On disk once it returns ok. After an error nothing of it has happened.
  Status commit();

 private:
  friend class Database;
  explicit Transaction(Connection& connection) : connection_{&connection} {}

  Connection* connection_;
};

/// An open database. One thread at a time; opened after any fork(), as SQLite demands.
///
/// Codes of its errors: ENOSPC full disk, EIO or what the system said, EACCES not writable,
/// Errc::busy held by another process for more than 100 ms, Errc::malformed damaged or no database,
/// EEXIST for a second row where one is allowed, EINVAL for other constraints and wrong SQL. Each
/// attempt names the file. A full disk changes nothing and the database stays usable.
class Database {
 public:
  /// Opens or creates `path` (mode 0600; its folder must exist) in WAL mode with synchronous=FULL
  /// and foreign keys. `migrations[N]` is the SQL that turns version N into N + 1; all that are
  /// missing run in one transaction, with foreign keys off. Before an existing older file is
  /// changed, a copy of it is kept as PATH.vN. `application_id` (not 0) tells our files from
  /// another program's: Errc::refused for those and for a version above the last migration.
  static Result<Database> open(const std::string& path, std::int32_t application_id,
                               std::span<const std::string_view> migrations);
  /// Opens an existing file to read what others write, whose content and version stay as they are.
  /// ENOENT if there is none; Errc::refused for another program's file and another version.
  static Result<Database> open_to_read(const std::string& path, std::int32_t application_id,
                                       std::size_t version);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  /// `sql` is one statement, prepared once and kept (64 of them). Asked for while in use, it is
  /// prepared a second time.
  Result<Statement> statement(std::string_view sql);
  /// Prepares, binds in order and steps to the end.
  template <typename... Values>
  Status run(std::string_view sql, const Values&... values) {
    Result<Statement> prepared = statement(sql);
    if (!prepared) return prepared.error();
    return prepared->bind_all(values...).run();
  }
  /// Begins a transaction that may write (BEGIN IMMEDIATE). They do not nest.
  Result<Transaction> begin();

  std::int64_t last_insert_id() const;
  /// Rows changed by the last INSERT, UPDATE or DELETE.
  std::int64_t changes() const;
  const std::string& path() const;

 private:
  explicit Database(std::unique_ptr<Connection> connection);

  std::unique_ptr<Connection> connection_;
};

}  // namespace netkit::store
