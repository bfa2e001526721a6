// What a guard knows of tokens: who holds them, who was denied a moment ago, and what still holds
// while the auth service is away. Pure: time is an argument; one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/protocol.hpp"
#include "access/token_hash.hpp"

namespace netkit::access {

/// Now by both clocks: what expires does so by the wall's, what waits by the one that never jumps.
struct Moment {
  std::int64_t wall_s = 0;
  std::chrono::steady_clock::time_point steady{};

  static Moment now();
};

/// What is asked about: a token by its hash, or the session of a ticket.
using Key = Hash;
Key key_of_session(std::string_view session);

struct CacheLimits {
  std::size_t grants_max = 100'000;
  std::size_t denials_max = 10'000;
  /// How long a denial is believed: long enough that a flood of one bad token asks once a second.
  std::chrono::nanoseconds denial_limit = std::chrono::seconds{1};
  /// How long a grant lives on once the auth service has gone.
  std::chrono::nanoseconds grace = std::chrono::minutes{5};
};

class GrantCache {
 public:
  explicit GrantCache(CacheLimits limits) : limits_{limits} {}

  struct Found {
    std::shared_ptr<const Grant> grant;  ///< None: denied or unknown.
    std::optional<Denial> denied;
  };
  /// What holds now; a grant counts as used by `address` if there is one. Nothing where the auth
  /// service has to be asked: unknown, changed, not confirmed since it came back, expired or idle
  /// by our clock.
  Found find(const Key& key, const Moment& now, std::optional<std::string_view> address);
  /// The latest grant that was had for `key`, whether or not it is to be asked about.
  std::shared_ptr<const Grant> last(const Key& key) const;

  /// The auth service's answers, on the present connection.
  void grant(const Key& key, std::shared_ptr<const Grant> grant, const Moment& now);
  void deny(const Key& key, Denial why, const Moment& now);
  /// The next use of these has to be asked about.
  void changed(std::string_view session);

  /// A connection begins; nothing counts as confirmed on it yet.
  void connected();
  /// It has ended: what it confirmed lives on for the grace from now.
  void lost(const Moment& now);
  /// Forgets what the grace has ended for.
  void drop_lapsed(const Moment& now);

  struct Use {
    std::string session;
    std::string address;
  };
  /// What was used since the last call.
  std::vector<Use> take_uses();

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Key key;
    std::shared_ptr<const Grant> grant;
    std::int64_t used_s = 0;
    std::string address;
    bool used = false;                               // Since the last take_uses().
    bool confirmed = false;                          // On the present connection.
    std::chrono::steady_clock::time_point lapses{};  // When not confirmed.
  };
  using Entries = std::list<Entry>;
  struct Refusal {
    Denial why;
    std::chrono::steady_clock::time_point until;
  };

  bool holds(const Entry& entry, const Moment& now) const;
  void erase(Entries::iterator entry);

  const CacheLimits limits_;
  bool connected_ = false;
  Entries entries_;  // Used last first.
  std::unordered_map<Key, Entries::iterator, HashOfHash> by_key_;
  std::unordered_multimap<std::string, Entries::iterator> by_session_;
  std::unordered_map<Key, Refusal, HashOfHash> denials_;
  std::deque<Key> denied_;  // Oldest first; may name some that are gone.
};

}  // namespace netkit::access
