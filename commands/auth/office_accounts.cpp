// Accounts as their owners see them: registering, passwords, sessions.
#include <algorithm>

#include "base/hex.hpp"
#include "base/text.hpp"
#include "commands/auth/office.hpp"
#include "commands/auth/source_block.hpp"
#include "identity/name.hpp"
#include "identity/scope.hpp"
#include "identity/token.hpp"

namespace netkit::auth {
namespace {

constexpr std::size_t sessions_shown_max = 10'000;
constexpr std::size_t prefix_size_min = 8;

bool is_session_prefix(std::string_view text) {
  return text.size() >= prefix_size_min && text.size() <= 32 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Error no_user(std::string_view typed) {
  return {Errc::not_found, "find the user '" + escape_for_display(typed) + "'",
          "try: netkit auth users"};
}

}  // namespace

Office::Answer<std::string> Office::hash(const identity::Secret& password) {
  const auto compute = [&] {
    return identity::hash_password(password, settings_.hash, settings_.peppers);
  };
  co_return co_await on_pool(compute);
}

Office::Answer<Registered> Office::enroll(Caller& caller, Request request) {
  if (Status safe = check_private(caller, "a password"); !safe) co_return safe.error();
  const Result<Registration> allowed = judge_registration(caller, !request.code.empty());
  if (!allowed) {
    note(log::Level::warn, "authz_fail", caller, "(unknown)", "register");
    co_return allowed.error();
  }
  Result<std::string> name = identity::normal_name(request.user);
  if (!name) co_return name.error();
  if (Status fits = identity::check_user_name(*name); !fits) co_return fits.error();
  const Result<identity::Secret> password = identity::new_password(request.password.view(), *name);
  if (!password) co_return password.error();
  Result<std::string> hashed = co_await hash(*password);
  if (!hashed) co_return hashed.error();

  const Account account{.user = std::move(*name),
                        .password = std::move(*hashed),
                        .scopes = settings_.default_scopes,
                        .created = now(),
                        .password_changed = now()};
  std::optional<std::string> code_hash;
  if (allowed->needs_code)
    code_hash = identity::secret_hash(identity::normal_code(request.code.view()));
  const auto add = [&](Vault& vault) {
    return vault.add_account(account, code_hash, allowed->first_administrates, now());
  };
  const Result<Vault::Addition> added = co_await clerk_.call(add);
  if (!added) co_return added.error();
  switch (added->outcome) {
    case Vault::Added::added: break;
    case Vault::Added::name_taken:
      co_return Error{Errc::refused, "register " + escape_for_display(account.user),
                      "the name is taken"};
    case Vault::Added::bad_invitation:
      note(log::Level::warn, "authz_fail", caller, "(unknown)", "invitation");
      co_return Error{Errc::refused, "register " + escape_for_display(account.user),
                      "the code is unknown, used or expired: ask for another"};
  }
  note(log::Level::info, "user_created", caller, account.user,
       added->is_administrator ? "administrator" : "");
  co_return Registered{account.user, added->is_administrator};
}

Office::Answer<Ended> Office::passwd(Caller& caller, Request request) {
  if (Status safe = check_private(caller, "a password"); !safe) co_return safe.error();
  if (!request.user.empty()) co_return co_await passwd_of_other(caller, std::move(request));
  const Result<Identity> who = owner(caller, Ask::passwd);
  if (!who) co_return who.error();
  Result<Looked> looked = co_await look_up(who->user_key, {});
  if (!looked) co_return looked.error();
  if (!looked->account) co_return no_user(who->user);
  // Who has the session only, a stolen token, is not to find the password out.
  Throttle::Attempt attempt;
  attempt.user_key = who->user_key;
  attempt.user_exists = true;
  attempt.source = source_block(caller.address);
  Result<Gate::Pass> pass = co_await gate_.enter(std::move(attempt));
  if (!pass) co_return pass.error();
  const Result<Checked> checked = co_await check_password(looked->account, request.password);
  if (!checked) co_return checked.error();
  if (!checked->match) {
    pass->failed(request.password.view());
    note(log::Level::warn, "authn_login_fail", caller, who->user, "wrong user or password");
    co_return Error{Errc::refused, "change the password", "the old one is wrong"};
  }
  pass->succeeded();
  co_return co_await change_password(caller, std::move(*looked->account),
                                     std::move(request.new_password), who->session);
}

Office::Answer<Ended> Office::passwd_of_other(Caller& caller, Request request) {
  const Result<Identity> who = changing_administrator(caller, Ask::passwd);
  if (!who) co_return who.error();
  const Result<std::string> name = identity::normal_name(request.user);
  if (!name) co_return no_user(request.user);
  // Nobody's own is changed without the old one: a stolen session is not to take the account over.
  if (identity::name_key(*name) == who->user_key) {
    if (request.password.empty())
      co_return Error{Errc::refused, "change one's own password without the old one",
                      "leave the user out: netkit auth passwd"};
    request.user.clear();
    co_return co_await passwd(caller, std::move(request));
  }
  Result<Looked> looked = co_await look_up(identity::name_key(*name), {});
  if (!looked) co_return looked.error();
  if (!looked->account) co_return no_user(request.user);
  co_return co_await change_password(caller, std::move(*looked->account),
                                     std::move(request.new_password), {});
}

Office::Answer<Ended> Office::change_password(Caller& caller, Account account,
                                              identity::Secret typed, std::string but) {
  const Result<identity::Secret> password = identity::new_password(typed.view(), account.user);
  if (!password) co_return password.error();
  const Result<std::string> hashed = co_await hash(*password);
  if (!hashed) co_return hashed.error();
  using Gone = std::optional<std::vector<std::string>>;
  const auto change = [&](Vault& vault) -> Result<Gone> {
    Result<Gone> gone = vault.change_password(identity::name_key(account.user), account.version,
                                              *hashed, but, now());
    if (gone && *gone) forget(**gone);
    return gone;
  };
  const Result<Gone> gone = co_await clerk_.call(change);
  if (!gone) co_return gone.error();
  if (!*gone)
    co_return Error{Errc::busy, "change the password",
                    "the account was changed just now: try again in 1 s"};
  note(log::Level::info, "authn_password_change", caller, account.user);
  if (!(*gone)->empty()) note(log::Level::info, "authn_token_revoked", caller, account.user);
  co_return Ended{(*gone)->size()};
}

Office::Answer<Ended> Office::end_sessions(Caller& caller, SessionChoice choice) {
  const auto end = [&](Vault& vault) {
    Result<std::vector<std::string>> gone = vault.end_sessions(choice);
    if (gone) forget(*gone);
    return gone;
  };
  const Result<std::vector<std::string>> gone = co_await clerk_.call(end);
  if (!gone) co_return gone.error();
  if (!gone->empty()) note(log::Level::info, "authn_token_revoked", caller, choice.user_key);
  co_return Ended{gone->size()};
}

Office::Answer<Ended> Office::logout(Caller& caller, bool everywhere) {
  const Result<Identity> who = owner(caller, Ask::logout);
  if (!who) co_return who.error();
  SessionChoice choice;
  choice.user_key = who->user_key;
  if (!everywhere) choice.id = who->session;
  Result<Ended> ended = co_await end_sessions(caller, std::move(choice));
  if (ended) caller.session.clear();
  co_return ended;
}

Office::Answer<SessionList> Office::sessions(Caller& caller, std::string user, bool all) {
  const bool own = user.empty() && !all;
  const Result<Identity> who =
      own ? standing(caller, Ask::sessions) : administrator(caller, Ask::sessions);
  if (!who) co_return who.error();
  if (who->by_ticket)
    co_return Error{Errc::refused, "list sessions by a ticket", "it needs its holder's own token"};
  if (own && who->session.empty())
    co_return Error{Errc::usage, "list the sessions of nobody", "name a user, or ask for all"};
  const Result<std::string> name = own || all ? std::string{} : identity::normal_name(user);
  if (!name) co_return no_user(user);
  const auto list = [&](Vault& vault) -> Result<std::vector<Session>> {
    if (!all) return vault.sessions_of(own ? who->user_key : identity::name_key(*name));
    std::vector<Session> found;
    Status read = vault.each_session([&](Session session) {
      if (found.size() < sessions_shown_max) found.push_back(std::move(session));
    });
    if (!read) return read.error();
    return found;
  };
  Result<std::vector<Session>> found = co_await clerk_.call(list);
  if (!found) co_return found.error();
  SessionList shown;
  for (Session& each : *found) {
    const SessionIndex::Found live = index_.find_by_id(each.id, now());
    if (!live) continue;
    each.last_used = std::max(each.last_used, live->last_used.load());
    shown.sessions.push_back({.session = each, .current = each.id == who->session});
  }
  std::ranges::sort(shown.sessions, std::ranges::greater{},
                    [](const SessionView& view) { return view.session.last_used; });
  co_return shown;
}

Result<SessionIndex::Found> Office::session_meant(std::string_view digits,
                                                  std::string_view user_key) const {
  if (!is_session_prefix(digits)) return SessionIndex::Found{};
  std::vector<SessionIndex::Found> found = index_.with_prefix(digits, 100, now());
  if (!user_key.empty())
    std::erase_if(found, [&](const auto& each) { return each->holder->user_key != user_key; });
  if (found.size() > 1)
    return Error{Errc::usage, "tell which session '" + std::string{digits} + "' is meant",
                 "give more digits"};
  return found.empty() ? SessionIndex::Found{} : found[0];
}

Office::Answer<Ended> Office::revoke(Caller& caller, std::string what, bool others) {
  const Result<Identity> who = standing(caller, Ask::revoke);
  if (!who) co_return who.error();
  const bool administrates = caller.admin_socket || identity::grants(who->scopes, "admin");
  if (who->by_ticket) {
    if (!administrates)
      co_return Error{Errc::refused, "do that by a ticket", "it needs its holder's own token"};
    if (const auto named = changing_administrator(caller, Ask::revoke); !named)
      co_return named.error();
  }
  SessionChoice choice;
  if (others) {
    choice.user_key = who->user_key;
    choice.but = who->session;
    co_return co_await end_sessions(caller, std::move(choice));
  }
  const auto session = session_meant(what, administrates ? std::string{} : who->user_key);
  if (!session) co_return session.error();
  if (*session) {
    choice.user_key = (*session)->holder->user_key;
    choice.id = (*session)->id_bytes();
    co_return co_await end_sessions(caller, std::move(choice));
  }
  const Result<std::string> name = identity::normal_name(what);
  choice.user_key = name ? identity::name_key(*name) : std::string{};
  const Error no_session{Errc::not_found, "find the session '" + escape_for_display(what) + "'",
                         "try: netkit auth sessions"};
  if (choice.user_key.empty()) co_return no_session;
  if (choice.user_key != who->user_key) {
    // A user may be called what looks like a session's beginning.
    if (is_session_prefix(what) && !administrates) co_return no_session;
    if (const Result<Identity> allowed = administrator(caller, Ask::revoke); !allowed)
      co_return allowed.error();
    const Result<Looked> looked = co_await look_up(choice.user_key, {});
    if (!looked) co_return looked.error();
    if (!looked->account) co_return is_session_prefix(what) ? no_session : no_user(what);
  }
  co_return co_await end_sessions(caller, std::move(choice));
}

}  // namespace netkit::auth
