// Sessions in SQLite. They go with their account; whoever ends them is told which they were.
#include "commands/auth/sqlite_vault.hpp"
#include "commands/auth/sqlite_vault_rows.hpp"

namespace netkit::auth {
namespace {

using store::Blob;
using store::Statement;
using Ids = std::vector<std::string>;

constexpr std::string_view session_query =
    "SELECT s.id, s.token_hash, s.public_key, a.key, a.user, s.device, s.address, s.last_address, "
    "s.created_s, s.last_used_s, s.expires_s FROM sessions s JOIN accounts a ON a.id = s.account";

Session session_of(const Statement& row) {
  Session session;
  session.id = row.text(0);
  session.token_hash = row.text(1);
  session.public_key = row.text(2);
  session.user_key = row.text(3);
  session.user = row.text(4);
  session.device = row.text(5);
  session.address = row.text(6);
  session.last_address = row.text(7);
  session.created = row.number(8);
  session.last_used = row.number(9);
  session.expires = row.number(10);
  return session;
}

/// Makes room for one more of this account.
Result<Ids> evict(store::Database& database, std::int64_t account) {
  Result<Statement> rest = rows::prepared(
      database,
      "DELETE FROM sessions WHERE number IN (SELECT number FROM sessions WHERE account = ? "
      "ORDER BY last_used_s DESC, number DESC LIMIT -1 OFFSET ?) RETURNING id",
      account, static_cast<std::int64_t>(sessions_per_account_max) - 1);
  if (!rest) return rest.error();
  return rows::texts(*rest);
}

}  // namespace

Result<Ids> SqliteVault::add_session(const Session& session, std::uint64_t account_version) {
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  Result<Statement> row =
      rows::prepared(database_, "SELECT id FROM accounts WHERE key = ? AND version = ?",
                     session.user_key, static_cast<std::int64_t>(account_version));
  if (!row) return row.error();
  const Result<bool> found = row->step();
  if (!found) return found.error();
  if (!*found)
    return Error{Errc::not_found, "sign in", "the account has just been changed; try again"};
  const std::int64_t account = row->number(0);
  Result<Ids> ended = evict(database_, account);
  if (!ended) return ended;
  const Status added = database_.run(
      "INSERT INTO sessions(id, token_hash, public_key, account, device, address, last_address, "
      "created_s, last_used_s, expires_s) VALUES(?,?,?,?,?,?,?,?,?,?)",
      Blob{session.id}, Blob{session.token_hash}, Blob{session.public_key}, account, session.device,
      session.address, session.last_address, session.created, session.last_used, session.expires);
  if (!added) return added.error();
  row->reset();
  if (Status kept = transaction->commit(); !kept) return kept.error();
  return ended;
}

Result<bool> SqliteVault::renew_session(std::string_view id, const Session& renewed) {
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  // Tickets of the former token are good no longer.
  const Status forgotten = database_.run(
      "DELETE FROM spent WHERE session = (SELECT number FROM sessions WHERE id = ?)", Blob{id});
  if (!forgotten) return forgotten.error();
  const Status done = database_.run(
      "UPDATE sessions SET id = ?, token_hash = ?, public_key = ?, device = ?, address = ?, "
      "last_address = ?, created_s = ?, last_used_s = ?, expires_s = ? WHERE id = ?",
      Blob{renewed.id}, Blob{renewed.token_hash}, Blob{renewed.public_key}, renewed.device,
      renewed.address, renewed.last_address, renewed.created, renewed.last_used, renewed.expires,
      Blob{id});
  if (!done) return done.error();
  const bool renewed_one = database_.changes() == 1;
  if (Status kept = transaction->commit(); !kept) return kept.error();
  return renewed_one;
}

Result<Ids> SqliteVault::end_sessions(const SessionChoice& choice) {
  if (choice.user_key.empty() && choice.id.empty())
    return Error{std::make_error_code(std::errc::invalid_argument), "end sessions",
                 "neither a user nor a session is named"};
  constexpr std::string_view of_user =
      "DELETE FROM sessions WHERE account = (SELECT id FROM accounts WHERE key = ?1) "
      "AND id <> ?2 AND (?3 = x'' OR id = ?3) RETURNING id";
  constexpr std::string_view of_anybody =
      "DELETE FROM sessions WHERE id = ?1 AND id <> ?2 RETURNING id";
  Result<Statement> ended =
      choice.user_key.empty()
          ? rows::prepared(database_, of_anybody, Blob{choice.id}, Blob{choice.but})
          : rows::prepared(database_, of_user, choice.user_key, Blob{choice.but}, Blob{choice.id});
  if (!ended) return ended.error();
  return rows::texts(*ended);
}

Result<std::optional<Session>> SqliteVault::find_session(std::string_view token_hash) {
  Result<Statement> row = rows::prepared(
      database_, std::string{session_query} + " WHERE s.token_hash = ?", Blob{token_hash});
  if (!row) return row.error();
  return rows::one(*row, session_of);
}

Result<std::optional<Session>> SqliteVault::find_session_by_id(std::string_view id) {
  Result<Statement> row =
      rows::prepared(database_, std::string{session_query} + " WHERE s.id = ?", Blob{id});
  if (!row) return row.error();
  return rows::one(*row, session_of);
}

Result<std::vector<Session>> SqliteVault::sessions_of(std::string_view user_key) {
  Result<Statement> found = rows::prepared(
      database_, std::string{session_query} + " WHERE a.key = ? ORDER BY s.last_used_s DESC",
      user_key);
  if (!found) return found.error();
  return rows::all(*found, session_of);
}

Status SqliteVault::each_session(const std::function<void(Session)>& take) {
  Result<Statement> found = database_.statement(session_query);
  if (!found) return found.error();
  Result<bool> row = found->step();
  for (; row && *row; row = found->step())
    take(session_of(*found));
  if (!row) return row.error();
  return ok;
}

Status SqliteVault::use_sessions(std::span<const SessionUse> uses) {
  if (uses.empty()) return ok;
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  for (const SessionUse& use : uses) {
    // One that is told late must not make the session older than it is.
    const Status done = database_.run(
        "UPDATE sessions SET last_used_s = ?1, last_address = iif(?2 = '', last_address, ?2) "
        "WHERE id = ?3 AND last_used_s <= ?1",
        use.at, use.address, Blob{use.id});
    if (!done) return done;
  }
  return transaction->commit();
}

}  // namespace netkit::auth
