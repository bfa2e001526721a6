// What the auth service must remember, behind one interface: accounts, sessions, invitations,
// names of addresses, throttles. Every call is one atomic step that is durable when it returns.
// Blocking; called on the clerk's thread alone. Holds no rules: the office decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace netkit::auth {

/// Seconds since 1970.
using Time = std::int64_t;

/// One person or program that may sign in.
struct Account {
  std::string user;      ///< As it was registered, in NFC; identity::name_key() of it is unique.
  std::string password;  ///< A PHC string, or an imported form.
  std::vector<std::string> scopes;
  Time created = 0;
  Time password_changed = 0;
  /// Grows with every change of password or scopes, so that a late writer is told. The vault gives
  /// it, and none twice: a later account of the same name has another.
  std::uint64_t version = 0;
};

/// One sign-in. What the vault keeps of its token cannot be turned back into it.
struct Session {
  std::string id;          ///< 16 bytes, identity::session_id_of(); shown as 32 hex digits.
  std::string token_hash;  ///< 32 bytes, identity::secret_hash().
  std::string public_key;  ///< 32 bytes: verifies the tickets of its holder.
  std::string user_key;    ///< identity::name_key() of the user.
  std::string user;        ///< As the account spells it.
  std::string device;      ///< What the client says of itself, at most 128 bytes.
  std::string address;     ///< Where it signed in.
  std::string last_address;
  Time created = 0;
  Time last_used = 0;
  Time expires = 0;  ///< However much it is used.
};

/// A session was used; told in batches.
struct SessionUse {
  std::string id;
  std::string address;
  Time at = 0;
};

/// A name that an address gave itself (`hello`). Grants nothing.
struct Known {
  std::string address;
  std::string name;
  Time first_seen = 0;
  Time last_seen = 0;
};

/// What is remembered of failures under one key: see throttle.hpp for the keys.
struct ThrottleRecord {
  std::string key;
  std::uint32_t failures = 0;
  Time last_failure = 0;
};

struct Invitation {
  std::string code_hash;  ///< 32 bytes.
  std::string issuer;     ///< The key of the user who gave it, or empty for the admin socket.
  Time expires = 0;
};

/// What another server on the same store did. With nothing in it: read all anew.
struct Change {
  std::string user_key;          ///< Scopes, password or existence of this account changed,
  std::string session;           ///< or this session (16 bytes) began, changed or ended,
  std::vector<SessionUse> uses;  ///< or these were used.
};

/// Which sessions to end.
struct SessionChoice {
  std::string user_key;  ///< Empty: of anybody, which needs `id`.
  std::string id;        ///< Empty: all of the user's.
  std::string but;       ///< Not this one.
};

inline constexpr std::size_t sessions_per_account_max = 100;
inline constexpr std::size_t known_addresses_max = 100'000;
inline constexpr std::size_t throttles_max = 100'000;
inline constexpr std::size_t devices_per_account_max = 32;
inline constexpr std::size_t invitations_max = 10'000;
inline constexpr std::size_t scopes_per_account_max = 64;
inline constexpr std::size_t spent_tickets_max = 1'000'000;
inline constexpr std::size_t spent_tickets_per_session_max = 1000;
inline constexpr std::size_t clean_up_max = 1000;
/// A spent ticket is remembered for so long after its end: a clock that was set back must not make
/// it good again.
inline constexpr Time spent_kept_s = 24 * 60 * 60;

class Vault {
 public:
  virtual ~Vault() = default;

  virtual Result<std::optional<Account>> find_account(std::string_view user_key) = 0;

  enum class Added { added, name_taken, bad_invitation };
  struct Addition {
    Added outcome = Added::added;
    bool is_administrator = false;
  };
  /// With `code_hash` that invitation is used up in the same step; without one none is needed. It
  /// is looked at first: who has none learns nothing of names. The account's version is ignored.
  /// `first_administrates`: gets the scope "admin" if no account has it so far.
  virtual Result<Addition> add_account(const Account& account,
                                       const std::optional<std::string>& code_hash,
                                       bool first_administrates, Time now) = 0;
  /// Replaces the password if the account still has `version`, ends all its sessions but `but` and
  /// forgets its devices; the ids of the ended ones. nullopt: somebody was faster.
  virtual Result<std::optional<std::vector<std::string>>> change_password(std::string_view user_key,
                                                                          std::uint64_t version,
                                                                          std::string_view password,
                                                                          std::string_view but,
                                                                          Time now) = 0;
  /// The same password in a better form; nothing ends. False if it is no longer `before`.
  virtual Result<bool> rehash(std::string_view user_key, std::string_view before,
                              std::string_view after) = 0;
  enum class Rescoped { done, no_account, last_administrator };
  /// Gives first, takes then. Errc::too_large beyond scopes_per_account_max.
  virtual Result<Rescoped> change_scopes(std::string_view user_key,
                                         std::span<const std::string> give,
                                         std::span<const std::string> take) = 0;
  /// With its sessions and devices and the invitations that it issued; `last_administrator` stays.
  virtual Result<Rescoped> remove_account(std::string_view user_key) = 0;
  /// At most `count` accounts behind `after` in the order of their keys.
  virtual Result<std::vector<Account>> accounts(std::string_view after, std::size_t count) = 0;

  /// Beyond sessions_per_account_max the one unused for longest goes; the ids of those that went.
  /// Errc::not_found if the account has another version by now.
  virtual Result<std::vector<std::string>> add_session(const Session& session,
                                                       std::uint64_t account_version) = 0;
  /// Another token for the same sign-in; false if `id` has ended.
  virtual Result<bool> renew_session(std::string_view id, const Session& renewed) = 0;
  /// The ids of those that ended.
  virtual Result<std::vector<std::string>> end_sessions(const SessionChoice& choice) = 0;
  virtual Result<std::optional<Session>> find_session(std::string_view token_hash) = 0;
  virtual Result<std::optional<Session>> find_session_by_id(std::string_view id) = 0;
  virtual Result<std::vector<Session>> sessions_of(std::string_view user_key) = 0;
  /// All of them, for the index at start.
  virtual Status each_session(const std::function<void(Session)>& take) = 0;
  virtual Status use_sessions(std::span<const SessionUse> uses) = 0;

  /// Errc::busy beyond invitations_max.
  virtual Status add_invitation(const Invitation& invitation) = 0;

  virtual Status add_device(std::string_view user_key, std::string_view device_hash, Time now) = 0;
  virtual Result<bool> is_device(std::string_view user_key, std::string_view device_hash) = 0;

  virtual Result<std::optional<Known>> find_known(std::string_view address) = 0;
  /// Adds or replaces; beyond known_addresses_max the one not seen for longest goes.
  virtual Status keep_known(const Known& known) = 0;

  virtual Result<std::vector<ThrottleRecord>> throttles() = 0;
  /// Adds or replaces; a record without failures goes.
  virtual Status keep_throttles(std::span<const ThrottleRecord> records) = 0;

  /// Counts one use of a ticket of `session`, with which the count is forgotten; false if it had
  /// been used `uses_max` times already. Errc::refused beyond spent_tickets_per_session_max,
  /// Errc::busy beyond spent_tickets_max, Errc::not_found if the session has ended. `expires`
  /// should be no later than the session's end.
  virtual Result<bool> spend(std::string_view nonce, std::uint32_t uses_max, Time expires,
                             std::string_view session) = 0;

  /// Forgets what is over: sessions (their ids), invitations, spent tickets. At most clean_up_max
  /// of each: as many sessions mean that there may be more.
  virtual Result<std::vector<std::string>> clean_up(Time now, Time idle_before) = 0;

  /// On any thread: a whole and consistent copy at `path`, made while others go on. Errc::refused
  /// where the store has means of its own for that.
  virtual Status back_up(const std::string& path) = 0;

  /// What other servers on the same store change is told to `heard` on a thread of the vault's own,
  /// until the vault goes or this is called with an empty one. Nothing where there are no others.
  virtual void follow(std::function<void(const Change&)> heard) { static_cast<void>(heard); }
};

}  // namespace netkit::auth
