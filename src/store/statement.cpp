// Binding, stepping and reading statements, and the end of transactions.
#include "store/database.hpp"
#include "store/sqlite_connection.hpp"

namespace netkit::store {

Statement::Statement(Statement&& other) noexcept
    : connection_{other.connection_},
      handle_{std::exchange(other.handle_, nullptr)},
      cached_{other.cached_},
      failed_{other.failed_} {}

Statement::~Statement() {
  if (!handle_) return;
  if (!cached_) {
    sqlite3_finalize(handle_);
    return;
  }
  reset();
  connection_->give_back(handle_);
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  const int result = sqlite3_bind_int64(handle_, parameter, value);
  if (failed_ == 0) failed_ = result;
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  // A null pointer would bind NULL.
  const char* const bytes = text.empty() ? "" : text.data();
  const int result =
      sqlite3_bind_text64(handle_, parameter, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (failed_ == 0) failed_ = result;
  return *this;
}

Statement& Statement::bind(int parameter, Blob blob) {
  const void* const bytes = blob.bytes.empty() ? "" : blob.bytes.data();
  const int result =
      sqlite3_bind_blob64(handle_, parameter, bytes, blob.bytes.size(), SQLITE_TRANSIENT);
  if (failed_ == 0) failed_ = result;
  return *this;
}

Statement& Statement::bind(int parameter, std::nullptr_t) {
  const int result = sqlite3_bind_null(handle_, parameter);
  if (failed_ == 0) failed_ = result;
  return *this;
}

Statement& Statement::bind(int parameter, std::optional<std::int64_t> value) {
  return value ? bind(parameter, *value) : bind(parameter, nullptr);
}

Result<bool> Statement::step() {
  const std::string_view attempt = sqlite3_stmt_readonly(handle_) ? "read" : "write to";
  if (failed_ != 0) {
    const int failed = std::exchange(failed_, 0);
    sqlite3_reset(handle_);
    return connection_->error(failed, attempt);
  }
  const int result = sqlite3_step(handle_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) {
    sqlite3_reset(handle_);
    return false;
  }
  // The error is taken before reset(), which may say something else.
  Error failed = connection_->error(result, attempt);
  sqlite3_reset(handle_);
  return failed;
}

Status Statement::run() {
  for (;;) {
    const Result<bool> row = step();
    if (!row) return row.error();
    if (!*row) return ok;
  }
}

void Statement::reset() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  failed_ = 0;
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(handle_, column);
}

std::string_view Statement::text(int column) const {
  // For BLOB and TEXT alike this gives the bytes as stored; the size must be asked for afterwards.
  const void* const bytes = sqlite3_column_blob(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  if (!bytes) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

Transaction::~Transaction() {
  if (!connection_) return;
  // SQLite has rolled back by itself after some errors; there is nothing to roll back then.
  if (sqlite3_get_autocommit(connection_->handle) == 0)
    static_cast<void>(connection_->execute("ROLLBACK", "write to"));
}

Status Transaction::commit() {
  // Some errors end a transaction on the spot, and COMMIT would then be answered with another one.
  Status done = connection_->execute("COMMIT", "write to");
  if (!done && sqlite3_get_autocommit(connection_->handle) == 0)
    static_cast<void>(connection_->execute("ROLLBACK", "write to"));
  connection_ = nullptr;
  return done;
}

}  // namespace netkit::store
