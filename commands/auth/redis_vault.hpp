// The vault in Redis, which several auth servers share: each call one Lua script, and what changes
// is published so that the other servers hear of it. Knows keys, no rules; the office decides.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "commands/auth/vault.hpp"
#include "store/redis.hpp"
#include "store/redis_feed.hpp"

namespace netkit::auth {

/// One thread at a time. Durable as far as Redis is, see notices(). Errc::busy while Redis is away;
/// when it went away in the middle of a call, whether that was done is not known, and follow()'s
/// `heard` is told to read all anew.
class RedisVault final : public Vault {
 public:
  /// Errc::refused if the data are of a newer version, or if Redis may not be written to.
  static Result<std::unique_ptr<RedisVault>> open(const store::RedisAddress& address);
  RedisVault(const RedisVault&) = delete;
  RedisVault& operator=(const RedisVault&) = delete;
  ~RedisVault() override;

  /// What about the settings of this Redis may lose what was acknowledged: sentences for the log,
  /// none where all is well.
  const std::vector<std::string>& notices() const { return notices_; }

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

  /// Always Errc::refused: Redis makes copies by means of its own.
  Status back_up(const std::string& path) override;

  /// An account: it came, went or changed. A session: it began, changed or ended, so look at it.
  /// Neither: read all anew, which is told at the first connection too, and after each loss of it.
  /// Of what this vault did itself nothing is told. `heard` must be quick.
  void follow(std::function<void(const Change&)> heard) override;

 private:
  explicit RedisVault(store::Redis redis);

  Status check_format();
  void check_durability();
  Result<store::RedisReply> run(std::string_view lua, std::vector<std::string> arguments);
  void hear(std::string_view message, const std::function<void(const Change&)>& heard) const;
  std::string origin() const;
  void doubt();

  store::Redis redis_;
  std::vector<std::string> notices_;
  mutable std::mutex origin_mutex_;
  /// Tells our own messages from others'. Another one after each doubt: what a lost call does late
  /// must be heard.
  std::string origin_;
  std::unique_ptr<store::RedisFeed> feed_;
};

}  // namespace netkit::auth
