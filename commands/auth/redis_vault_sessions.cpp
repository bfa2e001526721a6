// Sessions in Redis. They go with their account; whoever ends them is told which they were.
#include <algorithm>
#include <unordered_set>

#include "commands/auth/redis_scripts.hpp"
#include "commands/auth/redis_vault.hpp"
#include "commands/auth/redis_vault_values.hpp"

namespace netkit::auth {
namespace {

namespace values = redis_values;
using store::RedisReply;
using Kind = RedisReply::Kind;
using Ids = std::vector<std::string>;

constexpr std::size_t page_size = 500;
constexpr std::size_t uses_at_a_time = 1000;

Error already_there() {
  return {std::make_error_code(std::errc::file_exists), "keep the session",
          "there is one of this id or token"};
}

}  // namespace

Result<Ids> RedisVault::add_session(const Session& session, std::uint64_t account_version) {
  Ids words = values::words(account_version, sessions_per_account_max);
  values::append_session(words, session);
  const Result<RedisReply> ended = run(redis_scripts::add_session, std::move(words));
  if (!ended) return ended.error();
  if (ended->is_nil())
    return Error{Errc::not_found, "sign in", "the account has just been changed; try again"};
  if (ended->kind == Kind::number) return already_there();
  return values::ids_of(*ended);
}

Result<bool> RedisVault::renew_session(std::string_view id, const Session& renewed) {
  Ids words = values::words(id);
  values::append_session(words, renewed);
  const Result<RedisReply> done = run(redis_scripts::renew_session, std::move(words));
  if (!done) return done.error();
  if (done->number == 2) return already_there();
  return done->number == 1;
}

Result<Ids> RedisVault::end_sessions(const SessionChoice& choice) {
  if (choice.user_key.empty() && choice.id.empty())
    return Error{std::make_error_code(std::errc::invalid_argument), "end sessions",
                 "neither a user nor a session is named"};
  const Result<RedisReply> ended =
      run(redis_scripts::end_sessions, values::words(choice.user_key, choice.id, choice.but));
  if (!ended) return ended.error();
  return values::ids_of(*ended);
}

Result<std::optional<Session>> RedisVault::find_session(std::string_view token_hash) {
  const Result<RedisReply> found = run(redis_scripts::find_session, values::words(token_hash));
  if (!found) return found.error();
  return values::session_of(*found);
}

Result<std::optional<Session>> RedisVault::find_session_by_id(std::string_view id) {
  Result<RedisReply> found = redis_.command(
      {"HMGET", values::key("session:") + std::string{id}, "token_hash", "public_key", "user_key",
       "user", "device", "address", "last_address", "created", "last_used", "expires"});
  if (!found) return found.error();
  if (!found->list.empty() && found->list[0].is_nil()) return std::optional<Session>{};
  RedisReply own_id;
  own_id.kind = Kind::text;
  own_id.text = id;
  found->list.push_back(std::move(own_id));
  return values::session_of(*found);
}

Result<std::vector<Session>> RedisVault::sessions_of(std::string_view user_key) {
  const Result<RedisReply> found = run(redis_scripts::sessions_of, values::words(user_key));
  if (!found) return found.error();
  return values::sessions_of(*found);
}

Status RedisVault::each_session(const std::function<void(Session)>& take) {
  std::unordered_set<std::string> given;
  std::string cursor = "0";
  do {
    const Result<RedisReply> page =
        run(redis_scripts::each_session, values::words(cursor, page_size));
    if (!page) return page.error();
    if (page->list.size() != 2) return values::strange("the list of sessions");
    Result<std::vector<Session>> sessions = values::sessions_of(page->list[1]);
    if (!sessions) return sessions.error();
    for (Session& session : *sessions)
      if (given.insert(session.id).second) take(std::move(session));
    cursor = page->list[0].text;
  } while (cursor != "0");
  return ok;
}

Status RedisVault::use_sessions(std::span<const SessionUse> uses) {
  while (!uses.empty()) {
    const std::span<const SessionUse> some = uses.first(std::min(uses.size(), uses_at_a_time));
    Ids words;
    for (const SessionUse& use : some)
      for (std::string& word : values::words(use.id, use.address, use.at))
        words.push_back(std::move(word));
    const Result<RedisReply> done = run(redis_scripts::use_sessions, std::move(words));
    if (!done) return done.error();
    uses = uses.subspan(some.size());
  }
  return ok;
}

}  // namespace netkit::auth
