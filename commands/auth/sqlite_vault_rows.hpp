// How rows become values, for the parts of the SQLite vault. Only they include it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "commands/auth/packed_scopes.hpp"
#include "commands/auth/vault.hpp"
#include "store/database.hpp"

namespace netkit::auth::rows {

inline constexpr std::string_view administrator = "admin";

bool has_administrator(std::string_view packed_scopes);

/// All rows' first columns, to the end of the statement.
Result<std::vector<std::string>> texts(store::Statement& statement);

/// All rows by `value_of(row)`, or none after an error.
template <typename ValueOf>
auto all(store::Statement& statement, ValueOf value_of)
    -> Result<std::vector<decltype(value_of(statement))>> {
  std::vector<decltype(value_of(statement))> values;
  Result<bool> row = statement.step();
  for (; row && *row; row = statement.step())
    values.push_back(value_of(statement));
  if (!row) return row.error();
  return values;
}

/// The one row, if there is one.
template <typename ValueOf>
auto one(store::Statement& statement, ValueOf value_of)
    -> Result<std::optional<decltype(value_of(statement))>> {
  using Value = decltype(value_of(statement));
  const Result<bool> row = statement.step();
  if (!row) return row.error();
  if (!*row) return std::optional<Value>{};
  return std::optional<Value>{value_of(statement)};
}

/// Prepares and binds.
template <typename... Values>
Result<store::Statement> prepared(store::Database& database, std::string_view sql,
                                  const Values&... values) {
  Result<store::Statement> statement = database.statement(sql);
  if (statement) statement->bind_all(values...);
  return statement;
}

}  // namespace netkit::auth::rows
