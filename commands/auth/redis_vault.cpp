// Opening, following, cleaning up; accounts, sessions and the rest have files of their own beside
// this one.
#include "commands/auth/redis_vault.hpp"

#include <array>
#include <map>

#include "base/random.hpp"
#include "base/text.hpp"
#include "commands/auth/redis_scripts.hpp"
#include "commands/auth/redis_vault_values.hpp"

namespace netkit::auth {
namespace {

namespace values = redis_values;
using store::RedisReply;
using Kind = RedisReply::Kind;

constexpr std::size_t origin_size = 16;
constexpr std::size_t session_id_size = 16;
constexpr std::string_view our_format = "1";

std::string new_origin() {
  std::string origin(origin_size, '\0');
  fill_random(origin);
  return origin;
}

/// As the script of use_sessions() writes it; up to the first thing that is not like that.
std::vector<SessionUse> uses_of(std::string_view told) {
  std::vector<SessionUse> uses;
  while (told.size() > session_id_size) {
    const std::size_t end = told.find(';', session_id_size);
    if (end == std::string_view::npos) break;
    const auto at = values::number_of(told.substr(session_id_size, end - session_id_size));
    if (!at) break;
    uses.push_back({.id = std::string{told.substr(0, session_id_size)}, .address = {}, .at = *at});
    told.remove_prefix(end + 1);
  }
  return uses;
}

}  // namespace

RedisVault::RedisVault(store::Redis redis) : redis_{std::move(redis)}, origin_{new_origin()} {
  redis_.on_doubt([this] { doubt(); });
}

RedisVault::~RedisVault() = default;

Result<std::unique_ptr<RedisVault>> RedisVault::open(const store::RedisAddress& address) {
  Result<store::Redis> redis = store::Redis::open(address);
  if (!redis) return redis.error();
  std::unique_ptr<RedisVault> vault{new RedisVault{*std::move(redis)}};
  if (Status ours = vault->check_format(); !ours) return ours.error();
  vault->check_durability();
  return vault;
}

/// Writes something, too, so that a replica or a missing right is told at the start.
Status RedisVault::check_format() {
  const std::string key = values::key("format");
  const Result<RedisReply> set = redis_.command({"SET", key, our_format, "NX"});
  if (!set) return set.error();
  const Result<RedisReply> format = redis_.command({"GET", key});
  if (!format) return format.error();
  if (format->text == our_format) return ok;
  return Error{Errc::refused, "use the store " + redis_.address().to_text(),
               "its accounts were written by another version of netkit"};
}

/// What CONFIG does not tell, because it is not allowed or renamed, is taken to be well, but for
/// what INFO says.
void RedisVault::check_durability() {
  std::map<std::string, std::string> settings;
  for (const std::string_view name : {"appendonly", "appendfsync", "maxmemory-policy"}) {
    const Result<RedisReply> answer = redis_.command({"CONFIG", "GET", name});
    if (answer && answer->list.size() == 2) settings[answer->list[0].text] = answer->list[1].text;
  }
  if (!settings.contains("appendonly")) {
    const Result<RedisReply> info = redis_.command({"INFO", "persistence"});
    const bool off = info && info->text.find("aof_enabled:0") != std::string::npos;
    settings["appendonly"] = off ? "no" : "yes";
  }
  if (settings["appendonly"] == "no")
    notices_.emplace_back(
        "Redis may lose accounts and revocations when it stops: set appendonly "
        "yes and appendfsync always");
  else if (settings.contains("appendfsync") && settings["appendfsync"] != "always")
    notices_.emplace_back(
        "Redis may lose the last second of accounts and revocations when its "
        "machine stops: set appendfsync always");
  if (settings["maxmemory-policy"].starts_with("allkeys"))
    notices_.emplace_back(
        "Redis may drop accounts when it is short of memory: set "
        "maxmemory-policy noeviction");
}

Result<RedisReply> RedisVault::run(std::string_view lua, std::vector<std::string> arguments) {
  const std::string mine = origin();
  std::vector<std::string_view> words{mine};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const std::array<std::string_view, 1> keys{values::prefix};
  return redis_.script(lua, keys, words);
}

std::string RedisVault::origin() const {
  const std::lock_guard lock{origin_mutex_};
  return origin_;
}

/// What a call with an unknown outcome did, we may have heard and ignored as our own: hence the
/// look at everything. It may also be done only now: hence the new origin.
void RedisVault::doubt() {
  {
    const std::lock_guard lock{origin_mutex_};
    origin_ = new_origin();
  }
  if (feed_) feed_->begin_anew();
}

void RedisVault::follow(std::function<void(const Change&)> heard) {
  feed_.reset();
  if (!heard) return;
  store::RedisFeed::Hearer hearer;
  hearer.began = [heard] { heard(Change{}); };
  hearer.message = [this, heard](std::string_view message) { hear(message, heard); };
  feed_ = std::make_unique<store::RedisFeed>(redis_.address(), values::key("changes"),
                                             std::move(hearer));
}

void RedisVault::hear(std::string_view message,
                      const std::function<void(const Change&)>& heard) const {
  if (message.size() < origin_size + 2 || message.starts_with(origin())) return;
  const char kind = message[origin_size];
  const std::string_view what = message.substr(origin_size + 1);
  Change change;
  if (kind == 'a') change.user_key = what;
  if (kind == 's' && what.size() == session_id_size) change.session = what;
  if (kind == 'u') change.uses = uses_of(what);
  // What a newer version may say is not ours to guess.
  if (change.user_key.empty() && change.session.empty() && change.uses.empty()) return;
  heard(change);
}

Result<std::vector<std::string>> RedisVault::clean_up(Time now, Time idle_before) {
  const Result<RedisReply> ended = run(
      redis_scripts::clean_up, values::words(now, idle_before, now - spent_kept_s, clean_up_max));
  if (!ended) return ended.error();
  return values::ids_of(*ended);
}

Status RedisVault::back_up(const std::string& path) {
  return Error{Errc::refused, "write a copy to " + escape_for_display(path),
               "accounts are in Redis, which makes its own: redis-cli --rdb PATH"};
}

}  // namespace netkit::auth
