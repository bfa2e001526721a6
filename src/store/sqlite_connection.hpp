// What the Database, its statements and its transactions share: the SQLite handle, the statements
// kept prepared, and how SQLite's codes become errors. Only src/store/*.cpp include it.
#pragma once

#include <sqlite3.h>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace netkit::store {

struct Connection {
  struct Kept {
    std::string sql;
    sqlite3_stmt* handle;
    bool lent;
  };

  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// What SQLite said last as an Error that names the file; `attempt` is a verb such as "write to".
  Error error(int result, std::string_view attempt) const;
  /// Runs statements that return nothing, such as those of a migration.
  Status execute(const std::string& sql, std::string_view attempt);
  /// The one number that a query such as a PRAGMA answers with.
  Result<std::int64_t> ask(const char* sql);
  void give_back(sqlite3_stmt* handle);

  sqlite3* handle = nullptr;
  std::string path;
  std::vector<Kept> kept;
};

}  // namespace netkit::store
