// Who may try a password now, who waits and who is sent away: counts failures by account, by source
// and by known device. Pure: time is an argument, nothing is read or written; the office does that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/auth/vault.hpp"

struct evp_mac_ctx_st;

namespace netkit::auth {

/// So many failures in a row cost nothing: people mistype, and try an older password or two.
inline constexpr std::uint32_t free_failures = 5;
/// After them 1 s, doubling up to this: 4 guesses an hour for a patient stranger, 96 a day, below
/// the 100 in a row that NIST SP 800-63B, 5.2.2, allows in all.
inline constexpr Time delay_max_s = 15 * 60;
/// A wait up to this is spent by a timer and not seen as a refusal by who types; a longer one is
/// refused, since it would only fill places.
inline constexpr Time held_max_s = 10;
/// One failure less each hour, and no more than these are counted: a day's quiet forgets all.
inline constexpr Time fade_s = 60 * 60;
inline constexpr std::uint32_t failures_counted_max = 24;
/// Attempts that may be under way at once before their outcome is known: failures are counted after
/// the hash only, and a volley must not get past the count. Beyond free_failures it is one.
inline constexpr std::uint32_t under_way_account_max = 16;
inline constexpr std::uint32_t under_way_source_max = 64;
/// Wrong passwords that an account's entry remembers, and accounts that a source's does.
inline constexpr std::size_t seen_max = 16;

/// Not for several threads.
///
/// Keys of records: "u:USERKEY" an account; "x:HEX" a name that no account has, hashed since it may
/// be a password typed into the wrong field; "a:BLOCK" a source; "d:HEX" a known device.
class Throttle {
 public:
  struct Attempt {
    std::string user_key;
    bool user_exists = false;
    std::string source;  ///< source_block(); empty: none, only the account counts.
    /// Of a device that this user signed in from before; empty: another one. Such an attempt is
    /// counted and held up by the device's own failures alone, so that no stranger locks it out.
    std::string device_hash;
  };
  /// Neither: go on. `refuse`: tell the peer to try again in `wait` seconds. Else wait so long, and
  /// then ask again.
  struct Judgement {
    Time wait = 0;
    bool refuse = false;

    bool go_on() const { return wait == 0 && !refuse; }
  };
  enum class Kind { account, address, device };
  struct Ban {
    std::string key;  ///< The user's key, the block, "x:HEX" or "d:HEX".
    Kind kind = Kind::account;
    std::uint32_t failures = 0;
    Time until = 0;  ///< When the next attempt may begin; may be past.
  };

  /// `secret`: 32 random bytes, of this process alone.
  explicit Throttle(std::string_view secret);
  Throttle(Throttle&&) noexcept = default;
  ~Throttle() = default;

  /// May it begin? One that goes on is under way until failed(), succeeded() or withdraw() is
  /// called for the same attempt. `waited`: seconds that it has waited so far.
  Judgement judge(const Attempt& attempt, Time waited, Time now);
  /// A wrong password, which adds unless it is one of the account's last wrong ones from the same
  /// source: a program with an old password locks nobody out. Seconds that the next attempt has to
  /// wait now.
  Time failed(const Attempt& attempt, std::string_view password, Time now);
  /// The account's or device's count is forgotten. The source's is halved, and by each account once
  /// only: whoever has one does not buy guesses at others with it. The failures that there were.
  std::uint32_t succeeded(const Attempt& attempt, Time now);
  /// It came to nothing: shed, closed, stopped.
  void withdraw(const Attempt& attempt);

  /// Those with at least free_failures, the longest wait first.
  std::vector<Ban> bans(Time now, std::size_t count_max) const;
  /// Forgets what is kept under this key (of a record or a ban), user's name, address or block: how
  /// many.
  std::size_t clear(std::string_view what);

  /// What changed since it was taken last, for the vault; records without failures are to go.
  std::vector<ThrottleRecord> take_changes(std::size_t count_max);
  /// They could not be kept: they are changes again.
  void give_back(std::span<const ThrottleRecord> records);
  /// From the vault, at start.
  void restore(std::span<const ThrottleRecord> records, Time now);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint32_t failures = 0;
    Time last_failure = 0;
    bool is_kept = false;  ///< The vault has a record of it.
    /// Keyed hashes, the latest last: an account's wrong passwords; the accounts that have halved a
    /// source's count.
    std::vector<std::uint64_t> seen;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  static Time forgotten_at(const Entry& entry);
  static std::uint32_t faded(const Entry& entry, Time now);
  static Time delay_left(const Entry& entry, Time now);
  Time wait_of(std::string_view key, std::uint32_t under_way_max, Time now);
  void settle(const Attempt& attempt);
  Entries::iterator find(std::string_view key, Time now);
  void count(std::string_view key, Time now);
  void change(Entries::iterator entry, std::uint32_t failures, Time last_failure);
  void drop(Entries::iterator entry);
  void make_room(Time now);
  static bool see(Entry& entry, std::optional<std::uint64_t> hash);
  std::optional<std::uint64_t> hash_of(const Attempt& attempt, std::string_view password);

  struct FreeMac {
    void operator()(evp_mac_ctx_st* context) const;
  };
  std::unique_ptr<evp_mac_ctx_st, FreeMac> mac_;  ///< Holds the secret.
  Entries entries_;
  /// When each entry has faded, and its key; the first goes when there are too many.
  std::set<std::pair<Time, std::string_view>> by_end_;
  std::map<std::string, std::uint32_t, std::less<>> under_way_;
  std::set<std::string, std::less<>> changed_;
};

}  // namespace netkit::auth
