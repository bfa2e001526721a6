// What is remembered beside accounts and sessions, in Redis: devices, names of addresses,
// throttles, spent tickets. Each kind is bounded.
#include <algorithm>
#include <map>

#include "commands/auth/redis_scripts.hpp"
#include "commands/auth/redis_vault.hpp"
#include "commands/auth/redis_vault_values.hpp"
#include "commands/auth/spend_errors.hpp"

namespace netkit::auth {
namespace {

namespace values = redis_values;
using store::RedisReply;

constexpr std::size_t records_at_a_time = 1000;
constexpr std::string_view page_size = "1000";

/// "3 1700000000"
std::optional<ThrottleRecord> record_of(const std::string& key, std::string_view value) {
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::optional<std::int64_t> failures = values::number_of(value.substr(0, space));
  const std::optional<std::int64_t> last = values::number_of(value.substr(space + 1));
  if (!failures || !last || *failures < 1 || *failures > UINT32_MAX) return std::nullopt;
  return ThrottleRecord{key, static_cast<std::uint32_t>(*failures), *last};
}

}  // namespace

Status RedisVault::add_device(std::string_view user_key, std::string_view device_hash, Time now) {
  const Result<RedisReply> added =
      run(redis_scripts::add_device,
          values::words(user_key, device_hash, now, devices_per_account_max));
  if (!added) return added.error();
  if (added->number == 1) return ok;
  return Error{Errc::not_found, "remember the device", "the account is gone"};
}

Result<bool> RedisVault::is_device(std::string_view user_key, std::string_view device_hash) {
  const Result<RedisReply> score =
      redis_.command({"ZSCORE", values::key("devices:") + std::string{user_key}, device_hash});
  if (!score) return score.error();
  return !score->is_nil();
}

Result<std::optional<Known>> RedisVault::find_known(std::string_view address) {
  const Result<RedisReply> found = redis_.command(
      {"HMGET", values::key("known:") + std::string{address}, "name", "first_seen", "last_seen"});
  if (!found) return found.error();
  if (found->list.size() != 3) return values::strange("a known address");
  if (found->list[0].is_nil()) return std::optional<Known>{};
  const std::optional<std::int64_t> first = values::number_of(found->list[1].text);
  const std::optional<std::int64_t> last = values::number_of(found->list[2].text);
  if (!first || !last) return values::strange("a known address");
  return std::optional<Known>{Known{std::string{address}, found->list[0].text, *first, *last}};
}

Status RedisVault::keep_known(const Known& known) {
  const Result<RedisReply> kept =
      run(redis_scripts::keep_known, values::words(known.address, known.name, known.first_seen,
                                                   known.last_seen, known_addresses_max));
  if (!kept) return kept.error();
  return ok;
}

Result<std::vector<ThrottleRecord>> RedisVault::throttles() {
  // A scan may give one of them twice.
  std::map<std::string, ThrottleRecord> records;
  const std::string key = values::key("throttles");
  std::string cursor = "0";
  do {
    const Result<RedisReply> page = redis_.command({"HSCAN", key, cursor, "COUNT", page_size});
    if (!page) return page.error();
    if (page->list.size() != 2) return values::strange("the list of throttles");
    const std::vector<RedisReply>& pairs = page->list[1].list;
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
      std::optional<ThrottleRecord> record = record_of(pairs[i].text, pairs[i + 1].text);
      if (!record) return values::strange("a throttle");
      records.insert_or_assign(pairs[i].text, *std::move(record));
    }
    cursor = page->list[0].text;
  } while (cursor != "0");
  std::vector<ThrottleRecord> all;
  for (auto& [name, record] : records)
    all.push_back(std::move(record));
  return all;
}

Status RedisVault::keep_throttles(std::span<const ThrottleRecord> records) {
  while (!records.empty()) {
    const auto some = records.first(std::min(records.size(), records_at_a_time));
    std::vector<std::string> words = values::words(throttles_max);
    for (const ThrottleRecord& record : some)
      for (std::string& word : values::words(record.key, record.failures, record.last_failure))
        words.push_back(std::move(word));
    const Result<RedisReply> kept = run(redis_scripts::keep_throttles, std::move(words));
    if (!kept) return kept.error();
    records = records.subspan(some.size());
  }
  return ok;
}

Result<bool> RedisVault::spend(std::string_view nonce, std::uint32_t uses_max, Time expires,
                               std::string_view session) {
  if (uses_max == 0) return false;
  const Result<RedisReply> counted =
      run(redis_scripts::spend, values::words(nonce, uses_max, expires, spent_tickets_max, session,
                                              spent_tickets_per_session_max));
  if (!counted) return counted.error();
  switch (counted->number) {
    case 2: return spend_errors::too_many();
    case 3: return spend_errors::no_holder();
    case 4: return spend_errors::too_many_of_session();
    default: return counted->number == 1;
  }
}

}  // namespace netkit::auth
