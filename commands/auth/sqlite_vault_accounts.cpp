// Accounts and invitations in SQLite. Whether some may be changed is decided in the same
// transaction as the change.
#include "commands/auth/sqlite_vault.hpp"
#include "commands/auth/sqlite_vault_rows.hpp"
#include "identity/name.hpp"

namespace netkit::auth {
namespace {

using store::Blob;
using store::Statement;
using Ids = std::vector<std::string>;

Account account_of(const Statement& row) {
  Account account;
  account.user = row.text(0);
  account.password = row.text(1);
  account.scopes = unpacked_scopes(row.text(2));
  account.created = row.number(3);
  account.password_changed = row.number(4);
  account.version = static_cast<std::uint64_t>(row.number(5));
  return account;
}

/// What changing an account's rights starts from.
struct Rights {
  std::int64_t id = 0;
  std::vector<std::string> scopes;
  bool administrates = false;
};

Result<std::optional<Rights>> find_rights(store::Database& database, std::string_view user_key) {
  Result<Statement> row = rows::prepared(
      database, "SELECT id, scopes, administrates FROM accounts WHERE key = ?", user_key);
  if (!row) return row.error();
  return rows::one(*row, [](const Statement& found) {
    return Rights{found.number(0), unpacked_scopes(found.text(1)), found.number(2) != 0};
  });
}

/// True if an account other than `id` administrates.
Result<bool> has_other_administrator(store::Database& database, std::int64_t id) {
  Result<Statement> row = rows::prepared(
      database, "SELECT 1 FROM accounts WHERE administrates AND id <> ? LIMIT 1", id);
  if (!row) return row.error();
  return row->step();
}

Result<bool> use_invitation(store::Database& database, std::string_view code_hash, Time now) {
  const Status used = database.run("DELETE FROM invitations WHERE code_hash = ? AND expires_s > ?",
                                   Blob{code_hash}, now);
  if (!used) return used.error();
  return database.changes() == 1;
}

}  // namespace

Result<std::int64_t> SqliteVault::next_version() {
  Result<Statement> row = database_.statement(
      "UPDATE counters SET value = value + 1 WHERE name = 'version' "
      "RETURNING value");
  if (!row) return row.error();
  const Result<bool> given = row->step();
  if (!given) return given.error();
  const std::int64_t version = row->number(0);
  if (Status done = row->run(); !done) return done.error();
  return version;
}

Result<std::optional<Account>> SqliteVault::find_account(std::string_view user_key) {
  Result<Statement> row = rows::prepared(
      database_,
      "SELECT user, password, scopes, created_s, password_changed_s, version FROM accounts "
      "WHERE key = ?",
      user_key);
  if (!row) return row.error();
  return rows::one(*row, account_of);
}

Result<Vault::Addition> SqliteVault::add_account(const Account& account,
                                                 const std::optional<std::string>& code_hash,
                                                 bool first_administrates, Time now) {
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  if (code_hash) {
    const Result<bool> invited = use_invitation(database_, *code_hash, now);
    if (!invited) return invited.error();
    if (!*invited) return Addition{Added::bad_invitation};
  }
  std::vector<std::string> scopes = account.scopes;
  if (first_administrates) {
    const Result<bool> other = has_other_administrator(database_, 0);
    if (!other) return other.error();
    if (!*other) scopes.emplace_back(rows::administrator);
  }
  const Result<std::string> packed = packed_scopes(std::move(scopes));
  if (!packed) return packed.error();
  const bool administrates = rows::has_administrator(*packed);
  const Result<std::int64_t> version = next_version();
  if (!version) return version.error();
  const Status added = database_.run(
      "INSERT INTO accounts(key, user, password, scopes, administrates, created_s, "
      "password_changed_s, version) VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(key) DO NOTHING",
      identity::name_key(account.user), account.user, account.password, *packed,
      std::int64_t{administrates}, account.created, account.password_changed, *version);
  if (!added) return added.error();
  // The transaction is dropped, so that the invitation is not used up.
  if (database_.changes() != 1) return Addition{Added::name_taken};
  if (Status kept = transaction->commit(); !kept) return kept.error();
  return Addition{Added::added, administrates};
}

Result<std::optional<Ids>> SqliteVault::change_password(std::string_view user_key,
                                                        std::uint64_t version,
                                                        std::string_view password,
                                                        std::string_view but, Time now) {
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  const Result<std::int64_t> next = next_version();
  if (!next) return next.error();
  const Status changed = database_.run(
      "UPDATE accounts SET password = ?, password_changed_s = ?, version = ? "
      "WHERE key = ? AND version = ?",
      password, now, *next, user_key, static_cast<std::int64_t>(version));
  if (!changed) return changed.error();
  if (database_.changes() != 1) return std::optional<Ids>{};
  Result<Statement> others =
      rows::prepared(database_,
                     "DELETE FROM sessions WHERE account = (SELECT id FROM accounts WHERE key = ?) "
                     "AND id <> ? RETURNING id",
                     user_key, Blob{but});
  if (!others) return others.error();
  Result<Ids> ended = rows::texts(*others);
  if (!ended) return ended.error();
  const Status forgotten = database_.run(
      "DELETE FROM devices WHERE account = (SELECT id FROM accounts WHERE key = ?)", user_key);
  if (!forgotten) return forgotten.error();
  if (Status kept = transaction->commit(); !kept) return kept.error();
  return std::optional<Ids>{*std::move(ended)};
}

Result<bool> SqliteVault::rehash(std::string_view user_key, std::string_view before,
                                 std::string_view after) {
  const Status done = database_.run(
      "UPDATE accounts SET password = ? WHERE key = ? AND password = ?", after, user_key, before);
  if (!done) return done.error();
  return database_.changes() == 1;
}

Result<Vault::Rescoped> SqliteVault::change_scopes(std::string_view user_key,
                                                   std::span<const std::string> give,
                                                   std::span<const std::string> take) {
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  Result<std::optional<Rights>> rights = find_rights(database_, user_key);
  if (!rights) return rights.error();
  if (!*rights) return Rescoped::no_account;
  std::vector<std::string> scopes = (*rights)->scopes;
  scopes.insert(scopes.end(), give.begin(), give.end());
  for (const std::string& scope : take)
    std::erase(scopes, scope);
  const Result<std::string> packed = packed_scopes(std::move(scopes));
  if (!packed) return packed.error();
  const bool administrates = rows::has_administrator(*packed);
  if ((*rights)->administrates && !administrates) {
    const Result<bool> other = has_other_administrator(database_, (*rights)->id);
    if (!other) return other.error();
    if (!*other) return Rescoped::last_administrator;
  }
  const Result<std::int64_t> version = next_version();
  if (!version) return version.error();
  const Status changed = database_.run(
      "UPDATE accounts SET scopes = ?1, administrates = ?2, version = ?3 "
      "WHERE id = ?4 AND scopes <> ?1",
      *packed, std::int64_t{administrates}, *version, (*rights)->id);
  if (!changed) return changed.error();
  if (Status kept = transaction->commit(); !kept) return kept.error();
  return Rescoped::done;
}

Result<Vault::Rescoped> SqliteVault::remove_account(std::string_view user_key) {
  Result<store::Transaction> transaction = database_.begin();
  if (!transaction) return transaction.error();
  const Result<std::optional<Rights>> rights = find_rights(database_, user_key);
  if (!rights) return rights.error();
  if (!*rights) return Rescoped::no_account;
  if ((*rights)->administrates) {
    const Result<bool> other = has_other_administrator(database_, (*rights)->id);
    if (!other) return other.error();
    if (!*other) return Rescoped::last_administrator;
  }
  // Sessions and devices go with it: ON DELETE CASCADE.
  const Status removed = database_.run("DELETE FROM accounts WHERE id = ?", (*rights)->id);
  if (!removed) return removed.error();
  const Status withdrawn = database_.run("DELETE FROM invitations WHERE issuer = ?", user_key);
  if (!withdrawn) return withdrawn.error();
  if (Status kept = transaction->commit(); !kept) return kept.error();
  return Rescoped::done;
}

Result<std::vector<Account>> SqliteVault::accounts(std::string_view after, std::size_t count) {
  Result<Statement> found = rows::prepared(
      database_,
      "SELECT user, password, scopes, created_s, password_changed_s, version FROM accounts "
      "WHERE key > ? ORDER BY key LIMIT ?",
      after, static_cast<std::int64_t>(count));
  if (!found) return found.error();
  return rows::all(*found, account_of);
}

Status SqliteVault::add_invitation(const Invitation& invitation) {
  const Status added = database_.run(
      "INSERT INTO invitations(code_hash, issuer, expires_s) SELECT ?, ?, ? "
      "WHERE (SELECT value FROM counters WHERE name = 'invitations') < ?",
      Blob{invitation.code_hash}, invitation.issuer, invitation.expires,
      static_cast<std::int64_t>(invitations_max));
  if (!added) return added;
  if (database_.changes() == 1) return ok;
  return Error{Errc::busy, "invite somebody else",
               std::to_string(invitations_max) + " invitations are open"};
}

}  // namespace netkit::auth
