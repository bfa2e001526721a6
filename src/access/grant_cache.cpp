// A list in the order of use with two indexes, and a short memory of denials.
#include "access/grant_cache.hpp"

#include <algorithm>
#include <ctime>

namespace netkit::access {

Moment Moment::now() {
  return {std::time(nullptr), std::chrono::steady_clock::now()};
}

Key key_of_session(std::string_view session) {
  Key key{};
  std::copy_n(session.begin(), std::min(session.size(), key.size()), key.begin());
  return key;
}

bool GrantCache::holds(const Entry& entry, const Moment& now) const {
  const Grant& grant = *entry.grant;
  if (now.wall_s >= grant.expires_s) return false;
  if (grant.idle_limit_s > 0 && now.wall_s - entry.used_s >= grant.idle_limit_s) return false;
  return entry.confirmed || (!connected_ && now.steady < entry.lapses);
}

GrantCache::Found GrantCache::find(const Key& key, const Moment& now,
                                   std::optional<std::string_view> address) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    Entry& entry = *found->second;
    if (!holds(entry, now)) return {};
    if (!address) return {entry.grant, std::nullopt};
    // Once a second is order enough, and leaves the neighbours' memory alone.
    if (entry.used_s != now.wall_s) entries_.splice(entries_.begin(), entries_, found->second);
    entry.used_s = now.wall_s;
    entry.used = true;
    if (entry.address != *address) entry.address = *address;
    return {entry.grant, std::nullopt};
  }
  if (const auto found = denials_.find(key); found != denials_.end()) {
    if (now.steady < found->second.until) return {nullptr, found->second.why};
    denials_.erase(found);
  }
  return {};
}

std::shared_ptr<const Grant> GrantCache::last(const Key& key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second->grant;
}

void GrantCache::grant(const Key& key, std::shared_ptr<const Grant> grant, const Moment& now) {
  denials_.erase(key);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    Entry& entry = *found->second;
    if (entry.grant->session == grant->session) {  // What it was used for is still to be told.
      entry.grant = std::move(grant);
      entry.used_s = now.wall_s;
      entry.confirmed = connected_;
      entry.lapses = now.steady + limits_.grace;
      return;
    }
    erase(found->second);
  }
  if (limits_.grants_max == 0) return;
  while (entries_.size() >= limits_.grants_max)
    erase(std::prev(entries_.end()));
  entries_.push_front({.key = key,
                       .grant = std::move(grant),
                       .used_s = now.wall_s,
                       .address = {},
                       .used = false,
                       .confirmed = connected_,
                       .lapses = now.steady + limits_.grace});
  by_key_.emplace(key, entries_.begin());
  by_session_.emplace(entries_.front().grant->session, entries_.begin());
}

void GrantCache::deny(const Key& key, Denial why, const Moment& now) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) erase(found->second);
  while (!denied_.empty() && denied_.size() >= limits_.denials_max) {
    denials_.erase(denied_.front());
    denied_.pop_front();
  }
  if (limits_.denials_max == 0) return;
  denials_.insert_or_assign(key, Refusal{why, now.steady + limits_.denial_limit});
  denied_.push_back(key);
}

void GrantCache::changed(std::string_view session) {
  const auto [begin, end] = by_session_.equal_range(std::string{session});
  for (auto each = begin; each != end; ++each) {
    each->second->confirmed = false;
    each->second->lapses = {};  // Not even if the auth service goes now: it was about to say no.
  }
}

void GrantCache::connected() {
  connected_ = true;
  for (Entry& entry : entries_)
    entry.confirmed = false;
}

void GrantCache::lost(const Moment& now) {
  connected_ = false;
  for (Entry& entry : entries_) {
    if (!entry.confirmed) continue;
    entry.confirmed = false;
    entry.lapses = now.steady + limits_.grace;
  }
}

void GrantCache::drop_lapsed(const Moment& now) {
  for (auto each = entries_.begin(); each != entries_.end();) {
    const auto entry = each++;
    if (!entry->confirmed && now.steady >= entry->lapses) erase(entry);
  }
}

std::vector<GrantCache::Use> GrantCache::take_uses() {
  std::vector<Use> uses;
  for (Entry& entry : entries_) {
    if (!std::exchange(entry.used, false)) continue;
    uses.push_back({entry.grant->session, entry.address});
  }
  return uses;
}

void GrantCache::erase(Entries::iterator entry) {
  by_key_.erase(entry->key);
  auto [each, end] = by_session_.equal_range(entry->grant->session);
  while (each != end && each->second != entry)
    ++each;
  if (each != end) by_session_.erase(each);
  entries_.erase(entry);
}

}  // namespace netkit::access
