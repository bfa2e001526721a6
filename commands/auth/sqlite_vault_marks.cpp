// What is remembered beside accounts and sessions, in SQLite: devices, names of addresses,
// throttles, spent tickets. Each kind is bounded.
#include "commands/auth/spend_errors.hpp"
#include "commands/auth/sqlite_vault.hpp"
#include "commands/auth/sqlite_vault_rows.hpp"

namespace netkit::auth {
namespace {

using store::Blob;
using store::Statement;

}  // namespace

Status SqliteVault::add_device(std::string_view user_key, std::string_view device_hash, Time now) {
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  const Status added = database_.run(
      "INSERT INTO devices(account, hash, used_s) SELECT id, ?, ? FROM accounts WHERE key = ? "
      "ON CONFLICT(account, hash) DO UPDATE SET used_s = excluded.used_s",
      Blob{device_hash}, now, user_key);
  if (!added) return added;
  if (database_.changes() != 1)
    return Error{Errc::not_found, "remember the device", "the account is gone"};
  const Status forgotten = database_.run(
      "DELETE FROM devices WHERE (account, hash) IN (SELECT account, hash FROM devices "
      "WHERE account = (SELECT id FROM accounts WHERE key = ?) "
      "ORDER BY hash = ? DESC, used_s DESC LIMIT -1 OFFSET ?)",
      user_key, Blob{device_hash}, static_cast<std::int64_t>(devices_per_account_max));
  if (!forgotten) return forgotten;
  return transaction->commit();
}

Result<bool> SqliteVault::is_device(std::string_view user_key, std::string_view device_hash) {
  Result<Statement> row = rows::prepared(
      database_,
      "SELECT 1 FROM devices WHERE account = (SELECT id FROM accounts WHERE key = ?) AND hash = ?",
      user_key, Blob{device_hash});
  if (!row) return row.error();
  return row->step();
}

Result<std::optional<Known>> SqliteVault::find_known(std::string_view address) {
  Result<Statement> row = rows::prepared(
      database_, "SELECT address, name, first_seen_s, last_seen_s FROM known WHERE address = ?",
      address);
  if (!row) return row.error();
  return rows::one(*row, [](const Statement& found) {
    return Known{std::string{found.text(0)}, std::string{found.text(1)}, found.number(2),
                 found.number(3)};
  });
}

Status SqliteVault::keep_known(const Known& known) {
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  const Status kept = database_.run(
      "INSERT INTO known(address, name, first_seen_s, last_seen_s) VALUES(?1,?2,?3,?4) "
      "ON CONFLICT(address) DO UPDATE SET name = ?2, first_seen_s = ?3, last_seen_s = ?4",
      known.address, known.name, known.first_seen, known.last_seen);
  if (!kept) return kept;
  const Status forgotten = database_.run(
      "DELETE FROM known WHERE address IN (SELECT address FROM known WHERE address <> ? "
      "ORDER BY last_seen_s LIMIT max(0, (SELECT value FROM counters WHERE name = 'known') - ?))",
      known.address, static_cast<std::int64_t>(known_addresses_max));
  if (!forgotten) return forgotten;
  return transaction->commit();
}

Result<std::vector<ThrottleRecord>> SqliteVault::throttles() {
  Result<Statement> found =
      rows::prepared(database_, "SELECT key, failures, last_failure_s FROM throttles LIMIT ?",
                     static_cast<std::int64_t>(throttles_max));
  if (!found) return found.error();
  return rows::all(*found, [](const Statement& row) {
    return ThrottleRecord{std::string{row.text(0)}, static_cast<std::uint32_t>(row.number(1)),
                          row.number(2)};
  });
}

Status SqliteVault::keep_throttles(std::span<const ThrottleRecord> records) {
  if (records.empty()) return ok;
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  for (const ThrottleRecord& record : records) {
    const Status done = record.failures == 0
                            ? database_.run("DELETE FROM throttles WHERE key = ?", record.key)
                            : database_.run(
                                  "INSERT OR REPLACE INTO throttles(key, failures, last_failure_s) "
                                  "VALUES(?,?,?)",
                                  record.key, std::int64_t{record.failures}, record.last_failure);
    if (!done) return done;
  }
  return transaction->commit();
}

Result<bool> SqliteVault::spend(std::string_view nonce, std::uint32_t uses_max, Time expires,
                                std::string_view session) {
  if (uses_max == 0) return false;
  const Status counted = database_.run(
      "INSERT INTO spent(nonce, uses, expires_s, session) "
      "SELECT ?1, 1, ?3, number FROM sessions AS s WHERE s.id = ?4 "
      "AND (EXISTS(SELECT 1 FROM spent WHERE nonce = ?1) "
      "OR ((SELECT value FROM counters WHERE name = 'spent') < ?5 "
      "AND (SELECT count(*) FROM spent WHERE session = s.number) < ?6)) "
      "ON CONFLICT(nonce) DO UPDATE SET uses = uses + 1, expires_s = max(expires_s, ?3) "
      "WHERE uses < ?2",
      Blob{nonce}, std::int64_t{uses_max}, expires, Blob{session},
      static_cast<std::int64_t>(spent_tickets_max),
      static_cast<std::int64_t>(spent_tickets_per_session_max));
  if (!counted) return counted.error();
  if (database_.changes() == 1) return true;
  Result<Statement> why = rows::prepared(
      database_,
      "SELECT EXISTS(SELECT 1 FROM spent WHERE nonce = ?1), number, "
      "(SELECT count(*) FROM spent WHERE session = number) FROM sessions WHERE id = ?2",
      Blob{nonce}, Blob{session});
  if (!why) return why.error();
  const Result<bool> is_there = why->step();
  if (!is_there) return is_there.error();
  if (!*is_there) return spend_errors::no_holder();
  if (why->number(0) != 0) return false;
  if (why->number(2) >= static_cast<std::int64_t>(spent_tickets_per_session_max))
    return spend_errors::too_many_of_session();
  return spend_errors::too_many();
}

}  // namespace netkit::auth
