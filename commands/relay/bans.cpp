// The list: what an order adds and lifts, and who is found on it.
#include "commands/relay/bans.hpp"

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "base/utf8.hpp"
#include "identity/name.hpp"
#include "identity/ticket_network.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t text_max = 255;

std::string sender_text(SenderKey sender) {
  std::string bytes;
  append_be(bytes, sender);
  return to_hex(bytes);
}

/// The keys under which somebody may be listed.
std::vector<BanKey> keys_of(BanKey::Kind kind, const Visitor& visitor) {
  std::vector<BanKey> keys;
  if (visitor.sender != 0) keys.push_back({kind, BanKey::By::sender, sender_text(visitor.sender)});
  if (!visitor.user.empty())
    keys.push_back({kind, BanKey::By::user, identity::name_key(visitor.user)});
  if (std::optional<std::string> network = banned_network(visitor.address))
    keys.push_back({kind, BanKey::By::address, *std::move(network)});
  return keys;
}

bool is_over(const Ban& ban, std::uint64_t now_ms) {
  return ban.until_ms != 0 && ban.until_ms <= now_ms;
}

/// For good is later than any time.
bool ends_before(const Ban& left, const Ban& right) {
  if (left.until_ms == 0) return false;
  return right.until_ms == 0 || left.until_ms < right.until_ms;
}

BanKey::Kind kind_of(Measure measure) {
  const bool mute = measure == Measure::mute || measure == Measure::unmute;
  return mute ? BanKey::Kind::mute : BanKey::Kind::ban;
}

}  // namespace

std::optional<std::string> banned_network(std::string_view address) {
  static const std::array<identity::TicketNetwork, 2> loopback{
      *identity::parse_network("127.0.0.0/8"), *identity::parse_network("::1")};
  std::optional<identity::TicketNetwork> network = identity::parse_network(address);
  if (!network || address.find('/') != std::string_view::npos) return std::nullopt;
  for (const identity::TicketNetwork& own : loopback)
    if (identity::contains(own, address)) return std::nullopt;
  if (network->first.size() == 4) return identity::to_text(*network);
  return identity::to_text(*identity::parse_network(std::string{address} + "/64"));
}

BanChange Bans::apply(const Order& order, std::uint64_t now_ms) {
  BanChange change;
  const BanKey::Kind kind = kind_of(order.measure);
  if (order.measure == Measure::unmute || order.measure == Measure::unban)
    lift(kind, order, change);
  if (order.measure != Measure::mute && order.measure != Measure::ban) return change;
  for (BanKey& key : keys_of(kind, order.whom)) {
    if (key.by == BanKey::By::address && !order.whom.user.empty()) continue;
    Ban ban;
    ban.key = std::move(key);
    ban.nick = utf8_prefix(order.nick, text_max);
    ban.from = utf8_prefix(order.from, text_max);
    ban.why = utf8_prefix(order.why, text_max);
    ban.since_ms = now_ms;
    ban.until_ms = order.until_ms;
    if (!is_over(ban, now_ms)) add(std::move(ban), change, now_ms);
  }
  return change;
}

void Bans::add(Ban ban, BanChange& change, std::uint64_t now_ms) {
  if (bans_.size() >= bans_max && !bans_.contains(ban.key)) {
    BanChange over = expire(now_ms);
    change.gone.insert(change.gone.end(), over.gone.begin(), over.gone.end());
  }
  if (bans_.size() >= bans_max && !bans_.contains(ban.key)) {
    const auto soonest = std::min_element(
        bans_.begin(), bans_.end(),
        [](const auto& left, const auto& right) { return ends_before(left.second, right.second); });
    change.gone.push_back(soonest->first);
    bans_.erase(soonest);
  }
  change.kept.push_back(ban);
  BanKey key = ban.key;
  bans_.insert_or_assign(std::move(key), std::move(ban));
}

void Bans::lift(BanKey::Kind kind, const Order& order, BanChange& change) {
  const std::vector<BanKey> keys = keys_of(kind, order.whom);
  const std::string called = order.nick.empty() ? "" : identity::name_key(order.nick);
  for (auto each = bans_.begin(); each != bans_.end();) {
    const bool is_them = std::find(keys.begin(), keys.end(), each->first) != keys.end();
    const bool is_called = !called.empty() && identity::name_key(each->second.nick) == called;
    if (each->first.kind == kind && (is_them || is_called)) {
      change.gone.push_back(each->first);
      each = bans_.erase(each);
    } else {
      ++each;
    }
  }
}

const Ban* Bans::check(BanKey::Kind kind, const Visitor& visitor, std::uint64_t now_ms) const {
  if (bans_.empty()) return nullptr;
  const Ban* found = nullptr;
  for (const BanKey& key : keys_of(kind, visitor)) {
    const auto listed = bans_.find(key);
    if (listed == bans_.end() || is_over(listed->second, now_ms)) continue;
    if (found == nullptr || ends_before(*found, listed->second)) found = &listed->second;
  }
  return found;
}

BanChange Bans::expire(std::uint64_t now_ms) {
  BanChange change;
  for (auto each = bans_.begin(); each != bans_.end();) {
    if (is_over(each->second, now_ms)) {
      change.gone.push_back(each->first);
      each = bans_.erase(each);
    } else {
      ++each;
    }
  }
  return change;
}

void Bans::restore(Ban ban) {
  if (bans_.size() >= bans_max) return;
  BanKey key = ban.key;
  bans_.insert_or_assign(std::move(key), std::move(ban));
}

}  // namespace netkit::relay
