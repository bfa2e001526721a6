// Who is muted or banned here, until when and why: by sender key, by user, by address. Pure: the
// hub asks it about each visitor and message, the history store keeps it.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/relay/record.hpp"

namespace netkit::relay {

/// Somebody as this relay knows them; what it does not know is empty.
struct Visitor {
  SenderKey sender = 0;
  std::string_view user;     ///< Of the token.
  std::string_view address;  ///< "192.0.2.1", "2001:db8::1" or "unix".
};

struct BanKey {
  enum class Kind : std::uint8_t { mute = 1, ban = 2 };
  enum class By : std::uint8_t { sender = 1, user = 2, address = 3 };
  Kind kind = Kind::mute;
  By by = By::sender;
  std::string of;  ///< 16 hex digits, a user's name_key(), or "192.0.2.1", "2001:db8::/64".

  friend auto operator<=>(const BanKey&, const BanKey&) = default;
};

struct Ban {
  BanKey key;
  std::string nick;  ///< What they were called then.
  std::string from;  ///< Who decided.
  std::string why;
  std::uint64_t since_ms = 0;
  std::uint64_t until_ms = 0;  ///< 0: for good.
};

/// What changed, for whoever keeps the list.
struct BanChange {
  std::vector<Ban> kept;  ///< New, or instead of the one with that key.
  std::vector<BanKey> gone;
};

class Bans {
 public:
  static constexpr std::size_t bans_max = 10'000;

  struct Order {
    Measure measure = Measure::kick;
    Visitor whom;
    std::string_view nick;
    std::string_view from;
    std::string_view why;
    std::uint64_t until_ms = 0;
  };

  /// mute, ban: by sender, and by the user, or without one by the address. Addresses that many
  /// share who are not one (loopback, unix) are never listed. unmute, unban: all that fits `whom`,
  /// and all that was ordered about `nick`. kick: nothing. Where the list is full, the one that
  /// ends soonest gives way.
  BanChange apply(const Order& order, std::uint64_t now_ms);
  /// The one that holds for them now; of several the one that ends last. Valid until a change.
  const Ban* check(BanKey::Kind kind, const Visitor& visitor, std::uint64_t now_ms) const;
  /// Forgets what is over.
  BanChange expire(std::uint64_t now_ms);
  /// One that was kept.
  void restore(Ban ban);

  const std::map<BanKey, Ban>& all() const { return bans_; }

 private:
  void add(Ban ban, BanChange& change, std::uint64_t now_ms);
  void lift(BanKey::Kind kind, const Order& order, BanChange& change);

  std::map<BanKey, Ban> bans_;
};

/// The block that one customer has: a v4 address itself, of a v6 one its /64. nullopt for loopback,
/// "unix" and what is no address.
std::optional<std::string> banned_network(std::string_view address);

}  // namespace netkit::relay
