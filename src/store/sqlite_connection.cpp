// SQLite's result codes in our terms, and the life of a connection.
#include "store/sqlite_connection.hpp"

#include <cerrno>

#include "base/text.hpp"

namespace netkit::store {
namespace {

std::error_code system_code(int number) {
  return {number, std::generic_category()};
}

std::error_code constraint_code(int extended) {
  const bool second = extended == SQLITE_CONSTRAINT_UNIQUE ||
                      extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
                      extended == SQLITE_CONSTRAINT_ROWID;
  return system_code(second ? EEXIST : EINVAL);
}

/// `number` is what the operating system said, 0 if it was not asked.
std::error_code code_of(int extended, int number) {
  switch (extended & 0xff) {
    case SQLITE_FULL: return system_code(ENOSPC);
    case SQLITE_IOERR: return system_code(number != 0 ? number : EIO);
    case SQLITE_CANTOPEN: return system_code(number != 0 ? number : EIO);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return Errc::busy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Errc::malformed;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return system_code(EACCES);
    case SQLITE_NOMEM: return system_code(ENOMEM);
    case SQLITE_TOOBIG: return Errc::too_large;
    case SQLITE_INTERRUPT: return Errc::stopped;
    case SQLITE_CONSTRAINT: return constraint_code(extended);
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
    case SQLITE_MISUSE: return system_code(EINVAL);
    default: return system_code(EIO);
  }
}

/// What to do about it, where the code alone does not say that.
std::string hint_for(int extended, sqlite3* handle) {
  switch (extended & 0xff) {
    case SQLITE_NOTADB: return "it is no database; move it away, or choose another --state";
    case SQLITE_CORRUPT:
      return "the file is damaged; stop the server and put a copy in its place, "
             "or move it away";
    case SQLITE_BUSY: return "another process holds it";
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM: return {};
    default: return escape_for_display(handle ? sqlite3_errmsg(handle) : sqlite3_errstr(extended));
  }
}

}  // namespace

Connection::~Connection() {
  for (const Kept& one : kept)
    sqlite3_finalize(one.handle);
  sqlite3_close_v2(handle);
}

Error Connection::error(int result, std::string_view attempt) const {
  const int extended = handle ? sqlite3_extended_errcode(handle) : result;
  // The connection may know more than the result, unless that is about something else.
  const int known = (extended & 0xff) == (result & 0xff) ? extended : result;
  const int number = handle ? sqlite3_system_errno(handle) : 0;
  return {code_of(known, number), std::string{attempt} + " " + escape_for_display(path),
          hint_for(known, known == extended ? handle : nullptr)};
}

Status Connection::execute(const std::string& sql, std::string_view attempt) {
  const int result = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return error(result, attempt);
  return ok;
}

Result<std::int64_t> Connection::ask(const char* sql) {
  sqlite3_stmt* query = nullptr;
  int result = sqlite3_prepare_v2(handle, sql, -1, &query, nullptr);
  if (result == SQLITE_OK) result = sqlite3_step(query);
  const std::int64_t answer = result == SQLITE_ROW ? sqlite3_column_int64(query, 0) : 0;
  Result<std::int64_t> outcome = answer;
  if (result != SQLITE_ROW && result != SQLITE_DONE) outcome = error(result, "read");
  sqlite3_finalize(query);
  return outcome;
}

void Connection::give_back(sqlite3_stmt* statement) {
  for (Kept& one : kept)
    if (one.handle == statement) one.lent = false;
}

}  // namespace netkit::store
