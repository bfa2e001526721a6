// Accounts and invitations in Redis.
#include <algorithm>

#include "commands/auth/redis_scripts.hpp"
#include "commands/auth/redis_vault.hpp"
#include "commands/auth/redis_vault_values.hpp"
#include "identity/name.hpp"

namespace netkit::auth {
namespace {

namespace values = redis_values;
using store::RedisReply;
using Ids = std::vector<std::string>;

constexpr std::string_view administrator = "admin";
/// So many at a time, since an answer keeps Redis from all else.
constexpr std::size_t page_size = 500;

Result<Vault::Rescoped> rescoped(const Result<RedisReply>& answer) {
  if (!answer) return answer.error();
  switch (answer->number) {
    case 0: return Vault::Rescoped::done;
    case 1: return Vault::Rescoped::no_account;
    case 2: return Vault::Rescoped::last_administrator;
    default: break;
  }
  return Error{Errc::too_large, "keep the scopes",
               std::to_string(scopes_per_account_max) + " an account are the most"};
}

bool has_administrator(std::string_view packed) {
  return (" " + std::string{packed} + " ").find(" admin ") != std::string::npos;
}

}  // namespace

Result<std::optional<Account>> RedisVault::find_account(std::string_view user_key) {
  const Result<RedisReply> fields =
      redis_.command({"HMGET", values::key("account:") + std::string{user_key}, "user", "password",
                      "scopes", "created", "password_changed", "version"});
  if (!fields) return fields.error();
  if (!fields->list.empty() && fields->list[0].is_nil()) return std::optional<Account>{};
  Result<Account> account = values::account_of(*fields);
  if (!account) return account.error();
  return std::optional<Account>{*std::move(account)};
}

Result<Vault::Addition> RedisVault::add_account(const Account& account,
                                                const std::optional<std::string>& code_hash,
                                                bool first_administrates, Time now) {
  const Result<std::string> scopes = packed_scopes(account.scopes);
  if (!scopes) return scopes.error();
  std::string of_first;
  if (first_administrates) {
    std::vector<std::string> more = account.scopes;
    more.emplace_back(administrator);
    Result<std::string> packed = packed_scopes(std::move(more));
    if (!packed) return packed.error();
    of_first = *std::move(packed);
  }
  Ids words = values::words(identity::name_key(account.user), account.user, account.password,
                            account.created, account.password_changed, now, *scopes, of_first);
  if (code_hash) words.push_back(*code_hash);
  const Result<RedisReply> added = run(redis_scripts::add_account, std::move(words));
  if (!added) return added.error();
  switch (added->number) {
    case 0: return Addition{Added::added, has_administrator(*scopes)};
    case 1: return Addition{Added::name_taken};
    case 2: return Addition{Added::bad_invitation};
    default: return Addition{Added::added, true};
  }
}

Result<std::optional<Ids>> RedisVault::change_password(std::string_view user_key,
                                                       std::uint64_t version,
                                                       std::string_view password,
                                                       std::string_view but, Time now) {
  const Result<RedisReply> ended =
      run(redis_scripts::change_password, values::words(user_key, version, password, but, now));
  if (!ended) return ended.error();
  if (ended->is_nil()) return std::optional<Ids>{};
  Result<Ids> ids = values::ids_of(*ended);
  if (!ids) return ids.error();
  return std::optional<Ids>{*std::move(ids)};
}

Result<bool> RedisVault::rehash(std::string_view user_key, std::string_view before,
                                std::string_view after) {
  const Result<RedisReply> done =
      run(redis_scripts::rehash, values::words(user_key, before, after));
  if (!done) return done.error();
  return done->number == 1;
}

Result<Vault::Rescoped> RedisVault::change_scopes(std::string_view user_key,
                                                  std::span<const std::string> give,
                                                  std::span<const std::string> take) {
  // A word with a space would become two.
  const Result<std::string> given = packed_scopes({give.begin(), give.end()});
  if (!given) return given.error();
  Ids words = values::words(user_key, scopes_per_account_max, give.size());
  words.insert(words.end(), give.begin(), give.end());
  words.insert(words.end(), take.begin(), take.end());
  return rescoped(run(redis_scripts::change_scopes, std::move(words)));
}

Result<Vault::Rescoped> RedisVault::remove_account(std::string_view user_key) {
  return rescoped(run(redis_scripts::remove_account, values::words(user_key)));
}

Result<std::vector<Account>> RedisVault::accounts(std::string_view after, std::size_t count) {
  std::vector<Account> all;
  std::string last{after};
  while (all.size() < count) {
    const std::size_t wanted = std::min(count - all.size(), page_size);
    const Result<RedisReply> page = run(redis_scripts::accounts, values::words(last, wanted));
    if (!page) return page.error();
    for (const RedisReply& fields : page->list) {
      Result<Account> account = values::account_of(fields);
      if (!account) return account.error();
      all.push_back(*std::move(account));
    }
    if (page->list.size() < wanted) break;
    last = identity::name_key(all.back().user);
  }
  return all;
}

Status RedisVault::add_invitation(const Invitation& invitation) {
  const Result<RedisReply> added = run(
      redis_scripts::add_invitation,
      values::words(invitation.code_hash, invitation.issuer, invitation.expires, invitations_max));
  if (!added) return added.error();
  if (added->number == 1) return ok;
  if (added->number == 2)
    return Error{std::make_error_code(std::errc::file_exists), "keep the invitation"};
  return Error{Errc::busy, "invite somebody else",
               std::to_string(invitations_max) + " invitations are open"};
}

}  // namespace netkit::auth
