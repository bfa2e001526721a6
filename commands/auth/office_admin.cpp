// What administrators do with accounts, codes, bans and the store; and the names of addresses.
#include <algorithm>

#include "base/text.hpp"
#include "commands/auth/office.hpp"
#include "commands/auth/transfer.hpp"
#include "identity/name.hpp"
#include "identity/scope.hpp"
#include "identity/token.hpp"

namespace netkit::auth {
namespace {

constexpr std::int64_t invitation_s = 24 * 3600;
/// Somebody who asks again within it was not away: no write for that.
constexpr Time seen_distance_s = 60;
constexpr std::size_t exported_per_answer = 200;

Error no_user(std::string_view typed) {
  return {Errc::not_found, "find the user '" + escape_for_display(typed) + "'",
          "try: netkit auth users"};
}

std::string key_of(std::string_view typed) {
  const Result<std::string> normal = identity::normal_name(typed);
  return normal ? identity::name_key(*normal) : std::string{};
}

Error last_administrator(std::string_view user) {
  return {Errc::refused, "leave nobody to administrate",
          escape_for_display(user) + " is the last administrator"};
}

}  // namespace

Office::Answer<Greeting> Office::hello(Caller& caller, std::string typed) {
  Result<std::string> name = typed.empty() ? std::string{} : identity::normal_name(typed);
  if (!name) {
    note(log::Level::info, "input_validation_fail", caller, "(unknown)", "name");
    co_return name.error();
  }
  const auto greet = [&](Vault& vault) -> Result<Greeting> {
    const Result<std::optional<Known>> before = vault.find_known(caller.address);
    if (!before) return before.error();
    Known known = before->value_or(Known{caller.address, {}, now(), now()});
    const Greeting greeting{.known = before->has_value(),
                            .name = name->empty() ? known.name : *name,
                            .first_seen = known.first_seen,
                            .last_seen = known.last_seen};
    if (greeting.name.empty()) return greeting;
    const bool renamed = known.name != greeting.name;
    if (!renamed && now() - known.last_seen < seen_distance_s) return greeting;
    known.name = greeting.name;
    known.last_seen = now();
    if (Status kept = vault.keep_known(known); !kept) return kept.error();
    return greeting;
  };
  co_return co_await clerk_.call(greet);
}

Office::Answer<UserList> Office::users(Caller& caller, std::string after, std::size_t limit) {
  const Result<Identity> who = administrator(caller, Ask::users);
  if (!who) co_return who.error();
  const std::size_t count = std::min<std::size_t>(limit, 200);
  const std::string after_key = key_of(after);
  const auto list = [&](Vault& vault) { return vault.accounts(after_key, count + 1); };
  Result<std::vector<Account>> accounts = co_await clerk_.call(list);
  if (!accounts) co_return accounts.error();
  UserList shown{.more = accounts->size() > count};
  if (shown.more) accounts->resize(count);
  for (Account& each : *accounts) {
    const std::string user_key = identity::name_key(each.user);
    shown.users.push_back({.user = std::move(each.user),
                           .scopes = std::move(each.scopes),
                           .created = each.created,
                           .sessions = index_.count_of(user_key),
                           .last_used = index_.last_use_of(user_key)});
  }
  co_return shown;
}

Office::Answer<Scopes> Office::grant(Caller& caller, Request request) {
  const Result<Identity> who = changing_administrator(caller, Ask::grant);
  if (!who) co_return who.error();
  for (const std::vector<std::string>* list : {&request.give, &request.take})
    for (const std::string& each : *list)
      if (Status fits = identity::check_scope(each); !fits) co_return fits.error();
  const std::string user_key = key_of(request.user);
  Scopes after;
  const auto change = [&](Vault& vault) -> Result<Vault::Rescoped> {
    const Result<Vault::Rescoped> done = vault.change_scopes(user_key, request.give, request.take);
    if (!done || *done != Vault::Rescoped::done) return done;
    const Result<std::optional<Account>> changed = vault.find_account(user_key);
    if (!changed) return changed.error();
    if (*changed) after.scopes = (*changed)->scopes;
    for (const std::string& id : index_.rescope(user_key, after.scopes))
      followers_.tell(id);
    return done;
  };
  const Result<Vault::Rescoped> done = co_await clerk_.call(change);
  if (!done) co_return done.error();
  if (*done == Vault::Rescoped::no_account) co_return no_user(request.user);
  if (*done == Vault::Rescoped::last_administrator) co_return last_administrator(request.user);
  note(log::Level::info, "authz_change", caller, request.user, join(after.scopes, " "));
  co_return after;
}

Office::Answer<Ended> Office::remove(Caller& caller, std::string user) {
  const Result<Identity> who = changing_administrator(caller, Ask::remove);
  if (!who) co_return who.error();
  const std::string user_key = key_of(user);
  Ended ended;
  const auto go = [&](Vault& vault) {
    const Result<Vault::Rescoped> done = vault.remove_account(user_key);
    if (!done || *done != Vault::Rescoped::done) return done;
    const std::vector<std::string> ids = index_.ids_of(user_key);
    ended.count = ids.size();
    forget(ids);
    return done;
  };
  const Result<Vault::Rescoped> done = co_await clerk_.call(go);
  if (!done) co_return done.error();
  if (*done == Vault::Rescoped::no_account) co_return no_user(user);
  if (*done == Vault::Rescoped::last_administrator) co_return last_administrator(user);
  note(log::Level::info, "user_deleted", caller, user);
  co_return ended;
}

Office::Answer<Invited> Office::invite(Caller& caller, std::optional<std::int64_t> expire_s) {
  const Result<Identity> who = changing_administrator(caller, Ask::invite);
  if (!who) co_return who.error();
  std::string code = identity::make_code();
  const std::int64_t expires_in_s = expire_s.value_or(invitation_s);
  const Invitation invitation{.code_hash = identity::secret_hash(code),
                              .issuer = who->user_key,
                              .expires = now() + expires_in_s};
  Invited made{.code = identity::Secret{std::move(code)}, .expires_in_s = expires_in_s};
  const auto keep = [&](Vault& vault) { return vault.add_invitation(invitation); };
  if (Status kept = co_await clerk_.call(keep); !kept) co_return kept.error();
  co_return made;
}

Office::Answer<BanList> Office::bans(Caller& caller, std::optional<std::string> clear) {
  const Result<Identity> who =
      clear ? changing_administrator(caller, Ask::bans) : administrator(caller, Ask::bans);
  if (!who) co_return who.error();
  BanList list;
  if (clear) {
    list.cleared = gate_.clear(*clear);
    if (*list.cleared == 0)
      co_return Error{Errc::not_found, "find a ban of '" + escape_for_display(*clear) + "'",
                      "try: netkit auth bans"};
    co_return list;
  }
  list.bans = gate_.bans();
  co_return list;
}

Office::Answer<ImportDone> Office::import(Caller& caller, std::vector<std::string> lines) {
  const Result<Identity> who = changing_administrator(caller, Ask::import);
  if (!who) co_return who.error();
  if (Status safe = check_private(caller, "hashes of passwords"); !safe) co_return safe.error();
  ImportDone done;
  const auto add = [&](Vault& vault) -> Status {
    const Import read = parse_import(lines);
    for (const SkippedLine& each : read.skipped)
      done.skipped.push_back({each.line, each.why});
    for (const Imported& each : read.accounts) {
      Account account;
      account.user = each.user;
      account.password = each.password;
      account.scopes = settings_.default_scopes;
      account.created = account.password_changed = now();
      const Result<Vault::Addition> added = vault.add_account(account, std::nullopt, false, now());
      if (!added) return added.error();
      if (added->outcome == Vault::Added::added)
        ++done.added;
      else
        done.skipped.push_back({each.line, "the name is taken"});
    }
    return ok;
  };
  if (Status added = co_await clerk_.call(add); !added) co_return added.error();
  note(log::Level::info, "user_created", caller, who->user,
       "imported " + std::to_string(done.added));
  co_return done;
}

Office::Answer<Exported> Office::export_lines(Caller& caller, std::string after) {
  const Result<Identity> who = changing_administrator(caller, Ask::export_);
  if (!who) co_return who.error();
  if (Status safe = check_private(caller, "hashes of passwords"); !safe) co_return safe.error();
  const std::string after_key = key_of(after);
  const auto list = [&](Vault& vault) {
    return vault.accounts(after_key, exported_per_answer + 1);
  };
  Result<std::vector<Account>> accounts = co_await clerk_.call(list);
  if (!accounts) co_return accounts.error();
  Exported shown{.more = accounts->size() > exported_per_answer};
  if (shown.more) accounts->resize(exported_per_answer);
  for (const Account& each : *accounts)
    shown.lines.push_back(export_line(each.user, each.password));
  co_return shown;
}

Office::Answer<Done> Office::backup(Caller& caller, std::string path) {
  if (!caller.admin_socket)
    co_return Error{Errc::refused, "write a backup for a peer elsewhere",
                    "ask on the server's own machine: netkit auth backup PATH"};
  if (!path.starts_with('/'))
    co_return Error{Errc::usage, "write a backup to '" + escape_for_display(path) + "'",
                    "an absolute path is needed"};
  // On a thread of the pool: a large store is copied for seconds, and the clerk goes on meanwhile.
  const auto copy = [&] { return vault_->back_up(path); };
  if (Status copied = co_await on_pool(copy); !copied) co_return copied.error();
  note(log::Level::info, "authz_admin", caller, "admin socket", "backup");
  co_return Done{};
}

}  // namespace netkit::auth
