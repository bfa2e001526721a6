// Counting, fading and forgetting.
#include "commands/auth/throttle.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "commands/auth/source_block.hpp"
#include "commands/auth/throttle_keys.hpp"
#include "identity/name.hpp"

namespace netkit::auth {
namespace {

using throttle_keys::ban_of;
using throttle_keys::is_key;
using throttle_keys::own_key;
using throttle_keys::source_key;
using throttle_keys::unknown_key;

Time delay_of(std::uint32_t failures) {
  if (failures < free_failures) return 0;
  const std::uint32_t doublings = failures - free_failures;
  return doublings >= 10 ? delay_max_s : std::min(delay_max_s, Time{1} << doublings);
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

void Throttle::FreeMac::operator()(evp_mac_ctx_st* context) const {
  EVP_MAC_CTX_free(context);
}

Throttle::Throttle(std::string_view secret) {
  EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  mac_.reset(EVP_MAC_CTX_new(hmac));
  EVP_MAC_free(hmac);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  // Without it every wrong password counts as a new one.
  if (!mac_ || !EVP_MAC_init(mac_.get(), bytes(secret), secret.size(), parameters)) mac_.reset();
}

Throttle::Judgement Throttle::judge(const Attempt& attempt, Time waited, Time now) {
  const std::string own = own_key(attempt);
  const std::string source = source_key(attempt);
  Time wait = wait_of(own, under_way_account_max, now);
  if (!source.empty()) wait = std::max(wait, wait_of(source, under_way_source_max, now));
  if (wait > 0) return {wait, waited + wait > held_max_s};
  ++under_way_[own];
  if (!source.empty()) ++under_way_[source];
  return {};
}

Time Throttle::wait_of(std::string_view key, std::uint32_t under_way_max, Time now) {
  const auto entry = find(key, now);
  const bool counted = entry != entries_.end();
  const Time left = counted ? delay_left(entry->second, now) : 0;
  const bool suspicious = counted && faded(entry->second, now) >= free_failures;
  const auto others = under_way_.find(key);
  const std::uint32_t under_way = others == under_way_.end() ? 0 : others->second;
  const bool full = under_way >= (suspicious ? 1 : under_way_max);
  return full ? std::max(left, Time{1}) : left;
}

Time Throttle::failed(const Attempt& attempt, std::string_view password, Time now) {
  settle(attempt);
  const std::string own = own_key(attempt);
  const std::optional<std::uint64_t> hash = hash_of(attempt, password);
  auto entry = find(own, now);
  if (entry == entries_.end() || !see(entry->second, hash)) {
    count(own, now);
    entry = find(own, now);
    see(entry->second, hash);
    if (const std::string source = source_key(attempt); !source.empty()) count(source, now);
    entry = find(own, now);  // Counting the source may have pushed it out.
  }
  return entry == entries_.end() ? 0 : delay_left(entry->second, now);
}

std::uint32_t Throttle::succeeded(const Attempt& attempt, Time now) {
  settle(attempt);
  std::uint32_t failures = 0;
  if (const auto own = find(own_key(attempt), now); own != entries_.end()) {
    failures = faded(own->second, now);
    drop(own);
  }
  const auto source = find(source_key(attempt), now);
  if (source == entries_.end() || see(source->second, hash_of(attempt, {}))) return failures;
  // Rounded up, so that the entry stays and with it the memory of who has halved it.
  change(source, (source->second.failures + 1) / 2, source->second.last_failure);
  return failures;
}

/// True if it was there already.
bool Throttle::see(Entry& entry, std::optional<std::uint64_t> hash) {
  if (!hash) return false;
  std::vector<std::uint64_t>& seen = entry.seen;
  if (std::find(seen.begin(), seen.end(), *hash) != seen.end()) return true;
  if (seen.size() == seen_max) seen.erase(seen.begin());
  seen.push_back(*hash);
  return false;
}

void Throttle::withdraw(const Attempt& attempt) {
  settle(attempt);
}

void Throttle::settle(const Attempt& attempt) {
  for (const std::string& key : {own_key(attempt), source_key(attempt)}) {
    const auto under_way = under_way_.find(key);
    if (under_way != under_way_.end() && --under_way->second == 0) under_way_.erase(under_way);
  }
}

Time Throttle::forgotten_at(const Entry& entry) {
  return entry.last_failure + Time{entry.failures} * fade_s;
}

std::uint32_t Throttle::faded(const Entry& entry, Time now) {
  const Time hours = std::max(Time{0}, now - entry.last_failure) / fade_s;
  return hours >= entry.failures ? 0 : entry.failures - static_cast<std::uint32_t>(hours);
}

Time Throttle::delay_left(const Entry& entry, Time now) {
  const Time delay = delay_of(faded(entry, now));
  return std::clamp(entry.last_failure + delay - now, Time{0}, delay);
}

/// A failure that is yet to come was counted before the clock was set back: were it left there, its
/// delay would last until then.
Throttle::Entries::iterator Throttle::find(std::string_view key, Time now) {
  const auto entry = entries_.find(key);
  if (entry != entries_.end() && entry->second.last_failure > now)
    change(entry, entry->second.failures, now);
  return entry;
}

void Throttle::count(std::string_view key, Time now) {
  auto entry = find(key, now);
  if (entry == entries_.end()) {
    make_room(now);
    entry = entries_.try_emplace(std::string{key}).first;
    // The record of a former entry that went, and the vault does not know that yet.
    entry->second.is_kept = changed_.contains(key);
  }
  change(entry, std::min(faded(entry->second, now) + 1, failures_counted_max), now);
}

void Throttle::change(Entries::iterator entry, std::uint32_t failures, Time last_failure) {
  by_end_.erase({forgotten_at(entry->second), entry->first});
  entry->second.failures = failures;
  entry->second.last_failure = last_failure;
  by_end_.emplace(forgotten_at(entry->second), entry->first);
  changed_.insert(entry->first);
}

void Throttle::drop(Entries::iterator entry) {
  if (entry->second.is_kept)
    changed_.insert(entry->first);
  else
    changed_.erase(entry->first);
  by_end_.erase({forgotten_at(entry->second), entry->first});
  entries_.erase(entry);
}

/// For one more. Among too many the one that fades first goes: a flood of single failures pushes
/// out its own kind, and not who is being guessed at.
void Throttle::make_room(Time now) {
  constexpr int faded_a_call_max = 2;  // More than come in, so that they do not gather.
  for (int i = 0; i < faded_a_call_max && !by_end_.empty(); ++i)
    if (by_end_.begin()->first <= now) drop(entries_.find(by_end_.begin()->second));
  while (entries_.size() >= throttles_max)
    drop(entries_.find(by_end_.begin()->second));
}

std::vector<Throttle::Ban> Throttle::bans(Time now, std::size_t count_max) const {
  std::vector<Ban> bans;
  for (const auto& [key, entry] : entries_) {
    const std::uint32_t failures = faded(entry, now);
    if (failures < free_failures) continue;
    Ban ban = ban_of(key);
    ban.failures = failures;
    ban.until = std::min(entry.last_failure, now) + delay_of(failures);
    bans.push_back(std::move(ban));
  }
  const std::size_t count = std::min(count_max, bans.size());
  std::partial_sort(bans.begin(), bans.begin() + static_cast<std::ptrdiff_t>(count), bans.end(),
                    [](const Ban& left, const Ban& right) { return left.until > right.until; });
  bans.resize(count);
  return bans;
}

std::size_t Throttle::clear(std::string_view what) {
  const std::string whole{what};
  const std::string name = identity::name_key(what);
  std::size_t cleared = 0;
  for (const std::string& key : {whole, "u:" + name, unknown_key(name), "x:" + whole, "a:" + whole,
                                 "a:" + source_block(what), "d:" + whole}) {
    const auto entry = entries_.find(key);
    if (entry == entries_.end()) continue;
    drop(entry);
    ++cleared;
  }
  return cleared;
}

std::vector<ThrottleRecord> Throttle::take_changes(std::size_t count_max) {
  std::vector<ThrottleRecord> records;
  while (!changed_.empty() && records.size() < count_max) {
    auto changed = changed_.extract(changed_.begin());
    ThrottleRecord record{std::move(changed.value())};
    if (const auto entry = entries_.find(record.key); entry != entries_.end()) {
      entry->second.is_kept = true;
      record.failures = entry->second.failures;
      record.last_failure = entry->second.last_failure;
    }
    records.push_back(std::move(record));
  }
  return records;
}

void Throttle::give_back(std::span<const ThrottleRecord> records) {
  for (const ThrottleRecord& record : records) {
    changed_.insert(record.key);
    if (const auto entry = entries_.find(record.key); entry != entries_.end())
      entry->second.is_kept = true;
  }
}

void Throttle::restore(std::span<const ThrottleRecord> records, Time now) {
  for (const ThrottleRecord& record : records) {
    const bool usable = is_key(record.key) && record.failures > 0 &&
                        record.last_failure > now - Time{failures_counted_max} * fade_s;
    if (!usable || entries_.size() >= throttles_max) {
      changed_.insert(record.key);  // Without failures, so that the vault forgets it.
      continue;
    }
    const auto entry = entries_.try_emplace(record.key).first;
    entry->second.is_kept = true;
    change(entry, std::min(record.failures, failures_counted_max),
           std::min(record.last_failure, now));
    if (entry->second.last_failure == record.last_failure) changed_.erase(record.key);
  }
}

/// Bound to the source, so that nobody learns by the count what others mistyped elsewhere.
std::optional<std::uint64_t> Throttle::hash_of(const Attempt& attempt, std::string_view password) {
  // Neither a key nor a block holds a zero byte, so that no two lists of parts are alike.
  const std::string whose = attempt.user_key + '\0' + attempt.source + '\0';
  // Without a key it starts anew with the one that it has.
  bool good = mac_ && EVP_MAC_init(mac_.get(), nullptr, 0, nullptr);
  for (const std::string_view part : {std::string_view{whose}, password})
    good = good && EVP_MAC_update(mac_.get(), bytes(part), part.size());
  unsigned char sum[EVP_MAX_MD_SIZE];
  std::size_t size = 0;
  if (!good || !EVP_MAC_final(mac_.get(), sum, &size, sizeof sum)) return std::nullopt;
  std::uint64_t hash = 0;
  std::memcpy(&hash, sum, sizeof hash);
  return hash;
}

}  // namespace netkit::auth
