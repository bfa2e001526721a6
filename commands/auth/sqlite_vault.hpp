// The vault in one SQLite file, STATE/auth.db: accounts, sessions and what else must last. Each
// call is one transaction, on disk when it returns. Knows rows, no rules; the office decides.
#pragma once

#include <memory>
#include <string>

#include "commands/auth/vault.hpp"
#include "store/database.hpp"

namespace netkit::auth {

/// One thread at a time, but for back_up(). Every member but accounts(), each_session() and
/// throttles() costs O(log n) a row that it returns or changes.
class SqliteVault final : public Vault {
 public:
  /// Opens or creates the database; its errors are those of store::Database::open.
  static Result<std::unique_ptr<SqliteVault>> open(const std::string& path);

  Result<std::optional<Account>> find_account(std::string_view user_key) override;
  Result<Addition> add_account(const Account& account, const std::optional<std::string>& code_hash,
                               bool first_administrates, Time now) override;
  Result<std::optional<std::vector<std::string>>> change_password(std::string_view user_key,
                                                                  std::uint64_t version,
                                                                  std::string_view password,
                                                                  std::string_view but,
                                                                  Time now) override;
  Result<bool> rehash(std::string_view user_key, std::string_view before,
                      std::string_view after) override;
  Result<Rescoped> change_scopes(std::string_view user_key, std::span<const std::string> give,
                                 std::span<const std::string> take) override;
  Result<Rescoped> remove_account(std::string_view user_key) override;
  Result<std::vector<Account>> accounts(std::string_view after, std::size_t count) override;

  Result<std::vector<std::string>> add_session(const Session& session,
                                               std::uint64_t account_version) override;
  Result<bool> renew_session(std::string_view id, const Session& renewed) override;
  Result<std::vector<std::string>> end_sessions(const SessionChoice& choice) override;
  Result<std::optional<Session>> find_session(std::string_view token_hash) override;
  Result<std::optional<Session>> find_session_by_id(std::string_view id) override;
  Result<std::vector<Session>> sessions_of(std::string_view user_key) override;
  Status each_session(const std::function<void(Session)>& take) override;
  Status use_sessions(std::span<const SessionUse> uses) override;

  Status add_invitation(const Invitation& invitation) override;
  Status add_device(std::string_view user_key, std::string_view device_hash, Time now) override;
  Result<bool> is_device(std::string_view user_key, std::string_view device_hash) override;
  Result<std::optional<Known>> find_known(std::string_view address) override;
  Status keep_known(const Known& known) override;
  Result<std::vector<ThrottleRecord>> throttles() override;
  Status keep_throttles(std::span<const ThrottleRecord> records) override;
  Result<bool> spend(std::string_view nonce, std::uint32_t uses_max, Time expires,
                     std::string_view session) override;
  Result<std::vector<std::string>> clean_up(Time now, Time idle_before) override;

  /// By a connection of its own: any thread may call it while others go on. The file gets mode
  /// 0600. EEXIST if there is something at `path`; after any other error nothing is.
  Status back_up(const std::string& path) override;

 private:
  explicit SqliteVault(store::Database database) : database_{std::move(database)} {}

  /// The next version of an account: none is given twice, not even to another of the same name.
  Result<std::int64_t> next_version();

  store::Database database_;
};

}  // namespace netkit::auth
