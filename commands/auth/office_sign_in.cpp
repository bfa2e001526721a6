// Signing in: by password, by token, by ticket; and what ends or replaces a session.
#include <algorithm>

#include "base/hex.hpp"
#include "base/text.hpp"
#include "commands/auth/office.hpp"
#include "commands/auth/source_block.hpp"
#include "identity/name.hpp"
#include "identity/token.hpp"

namespace netkit::auth {
namespace {

/// The same for every reason, so that nobody learns which users there are.
Error cannot_sign_in(std::string_view typed) {
  return {Errc::refused, "sign in as " + escape_for_display(typed), "wrong user or password"};
}

/// "" for what cannot be anybody's name.
std::string key_of(std::string_view typed) {
  const Result<std::string> normal = identity::normal_name(typed);
  return normal ? identity::name_key(*normal) : std::string{};
}

constexpr std::string_view device_key_prefix = "nkd_";

identity::Secret make_device_key() {
  std::string token = identity::make_token();
  std::string key{device_key_prefix};
  key += std::string_view{token}.substr(3);
  identity::wipe(token);
  return identity::Secret{std::move(key)};
}

/// What names the device to the vault; "" for what make_device_key() never made.
std::string device_hash_of(const identity::Secret& key) {
  if (!key.view().starts_with(device_key_prefix) || key.size() != device_key_prefix.size() + 43)
    return {};
  return identity::secret_hash(key.view());
}

}  // namespace

Office::Answer<Office::Looked> Office::look_up(std::string user_key, std::string device_hash) {
  const auto look = [&](Vault& vault) -> Result<Looked> {
    Looked looked;
    if (user_key.empty()) return looked;
    Result<std::optional<Account>> account = vault.find_account(user_key);
    if (!account) return account.error();
    looked.account = std::move(*account);
    if (!looked.account || device_hash.empty()) return looked;
    const Result<bool> device = vault.is_device(user_key, device_hash);
    if (!device) return device.error();
    looked.device_known = *device;
    return looked;
  };
  co_return co_await clerk_.call(look);
}

Office::Answer<Office::Checked> Office::check_password(const std::optional<Account>& account,
                                                       const identity::Secret& typed) {
  const Result<identity::Secret> normal = identity::normal_password(typed.view());
  // What can be nobody's password costs the same as a wrong one.
  const identity::Secret nobodys{std::string{"nobody's password"}};
  const identity::Secret& password = normal ? *normal : nobodys;
  const auto check = [&]() -> Result<Checked> {
    const auto spend_the_same = [&] {
      static_cast<void>(
          identity::verify_password(decoy_, password, settings_.hash, settings_.peppers));
    };
    Checked checked;
    if (!account) {
      spend_the_same();
      return checked;
    }
    const Result<identity::Verdict> verdict =
        identity::verify_password(account->password, password, settings_.hash, settings_.peppers);
    if (!verdict || (!verdict->match && verdict->outdated)) spend_the_same();
    if (!verdict) {
      log_.error("password", {{"user", account->user}, {"error", verdict.error().message()}});
      return checked;
    }
    checked.match = verdict->match && normal;
    if (checked.match && verdict->outdated) {
      Result<std::string> better =
          identity::hash_password(password, settings_.hash, settings_.peppers);
      if (better) checked.rehashed = std::move(*better);
    }
    return checked;
  };
  co_return co_await on_pool(check);
}

Office::Answer<SignedIn> Office::login(Caller& caller, Request request) {
  if (Status safe = check_private(caller, "a password"); !safe) co_return safe.error();
  const std::string user_key = key_of(request.user);
  const std::string device_hash = device_hash_of(request.device_key);
  const Result<Looked> looked = co_await look_up(user_key, device_hash);
  if (!looked) co_return looked.error();
  // Only the name of an account is logged: what was typed might be the password.
  const std::string user = looked->account ? looked->account->user : "(unknown)";
  Throttle::Attempt attempt;
  attempt.user_key = user_key;
  attempt.user_exists = looked->account.has_value();
  attempt.source = source_block(caller.address);
  if (looked->device_known) attempt.device_hash = to_hex(device_hash);
  Result<Gate::Pass> pass = co_await gate_.enter(std::move(attempt));
  if (!pass) {
    note(log::Level::warn, "authn_login_lock", caller, user, pass.error().hint.str());
    co_return pass.error();
  }
  const Result<Checked> checked = co_await check_password(looked->account, request.password);
  if (!checked) {
    note(log::Level::warn, "excess_rate_limit_exceeded", caller, user, checked.error().hint.str());
    co_return checked.error();
  }
  if (!checked->match) {
    const Time wait = pass->failed(request.password.view());
    note(log::Level::warn, "authn_login_fail", caller, user, "wrong user or password");
    if (wait > 0) note(log::Level::warn, "authn_login_fail_max", caller, user);
    co_return cannot_sign_in(request.user);
  }
  const std::uint32_t failures = pass->succeeded();
  Result<SignedIn> opened = co_await open_session(caller, *looked->account, request,
                                                  looked->device_known, checked->rehashed);
  if (opened)
    note(log::Level::info, failures > 0 ? "authn_login_successafterfail" : "authn_login_success",
         caller, user);
  co_return opened;
}

Office::Answer<SignedIn> Office::open_session(Caller& caller, const Account& account,
                                              Request& request, bool device_known,
                                              const std::string& rehashed) {
  SignedIn made;
  std::string token = identity::make_token();
  Result<std::string> public_key = identity::ticket_public_key(token);
  if (!public_key) co_return public_key.error();
  const Session session{.id = identity::session_id_of(token),
                        .token_hash = identity::secret_hash(token),
                        .public_key = std::move(*public_key),
                        .user_key = identity::name_key(account.user),
                        .user = account.user,
                        .device = std::move(request.device),
                        .address = caller.address,
                        .last_address = caller.address,
                        .created = now(),
                        .last_used = now(),
                        .expires = now() + settings_.session_limit_s};
  made.token = identity::Secret{std::move(token)};
  made.device_key = device_known ? std::move(request.device_key) : make_device_key();
  const std::string device_hash = identity::secret_hash(made.device_key.view());
  const auto open = [&](Vault& vault) -> Status {
    const Result<std::vector<std::string>> gone = vault.add_session(session, account.version);
    if (!gone) return gone.error();
    index_.add(session, account.scopes);
    forget(*gone);
    // A sign-in without these is still one.
    Status kept = device_known ? ok : vault.add_device(session.user_key, device_hash, now());
    if (kept && !rehashed.empty()) {
      const Result<bool> better = vault.rehash(session.user_key, account.password, rehashed);
      if (!better) kept = better.error();
    }
    if (!kept) log_.error("store", {{"error", kept.error().message()}});
    return ok;
  };
  const Status opened = co_await clerk_.call(open);
  if (!opened) {
    if (opened.error().code != Errc::not_found) co_return opened.error();
    co_return Error{Errc::busy, "sign in", "the account was changed just now: try again in 1 s"};
  }
  caller.session = session.id;
  caller.ticket.reset();
  note(log::Level::info, "authn_token_created", caller, account.user);
  made.session = session.id;
  made.expires = session.expires;
  made.user = account.user;
  made.scopes = account.scopes;
  co_return made;
}

Office::Answer<Identity> Office::sign_in(Caller& caller, identity::Secret credential) {
  if (Status safe = check_private(caller, "a token"); !safe) co_return safe.error();
  Error failure{Errc::refused, "accept the token", "it is unknown or has ended: netkit auth login"};
  if (identity::is_ticket(credential.view())) {
    Result<identity::Ticket> ticket = identity::parse_ticket(credential.view());
    if (!ticket) co_return ticket.error();
    Result<SessionIndex::Found> holder = holder_of(*ticket);
    // Before it counts: one that would be refused later anyway is not to lose a use.
    if (holder)
      if (Status fits = check_opened(*ticket, caller); !fits) holder = fits.error();
    Result<bool> left = holder.operator bool();
    if (holder && ticket->limits.uses > 0) left = co_await spend(*ticket, *holder);
    if (holder && left && *left) {
      caller.session = ticket->session;
      caller.ticket = std::move(*ticket);
      co_return co_await whoami(caller);
    }
    if (!left) co_return left.error();
    failure = holder ? Error{Errc::refused, "accept the ticket", "it was used up"} : holder.error();
  } else if (identity::is_token(credential.view())) {
    const auto found = index_.find(identity::secret_hash(credential.view()), now());
    if (found) {
      caller.session = std::string{found->id_bytes()};
      caller.ticket.reset();
      co_return co_await whoami(caller);
    }
  }
  note(log::Level::warn, "authz_fail", caller, "(unknown)", failure.hint.str());
  co_return failure;
}

Office::Answer<Identity> Office::whoami(Caller& caller) {
  Result<Identity> who = standing(caller, Ask::whoami);
  if (!who || who->session.empty()) co_return who;
  const auto find = [&](Vault& vault) { return vault.find_session_by_id(who->session); };
  const Result<std::optional<Session>> session = co_await clerk_.call(find);
  if (!session) co_return session.error();
  if (*session) {
    who->device = (*session)->device;
    who->address = (*session)->address;
    who->created = (*session)->created;
  }
  co_return who;
}

Office::Answer<Renewed> Office::renew(Caller& caller) {
  const Result<Identity> who = owner(caller, Ask::renew);
  if (!who) co_return who.error();
  std::string token = identity::make_token();
  Result<std::string> public_key = identity::ticket_public_key(token);
  if (!public_key) co_return public_key.error();
  Session renewed;
  renewed.id = identity::session_id_of(token);
  renewed.token_hash = identity::secret_hash(token);
  renewed.public_key = std::move(*public_key);
  renewed.last_address = caller.address;
  renewed.last_used = now();
  Renewed made{.token = identity::Secret{std::move(token)}, .session = renewed.id};
  const auto replace = [&](Vault& vault) -> Result<bool> {
    const Result<std::optional<Session>> before = vault.find_session_by_id(who->session);
    if (!before) return before.error();
    const SessionIndex::Found live = index_.find_by_id(who->session, now());
    if (!*before || !live) return false;
    renewed.user_key = (*before)->user_key;
    renewed.user = (*before)->user;
    renewed.device = (*before)->device;
    renewed.address = (*before)->address;
    renewed.created = (*before)->created;
    renewed.expires = (*before)->expires;  // A stolen token is not to live for ever by this.
    const Result<bool> done = vault.renew_session(who->session, renewed);
    if (!done || !*done) return done;
    index_.add(renewed, live->holder->scopes);
    const std::string ended[] = {who->session};
    forget(ended);
    return true;
  };
  const Result<bool> done = co_await clerk_.call(replace);
  if (!done) co_return done.error();
  if (!*done) co_return Error{Errc::refused, "renew a session that has ended", "netkit auth login"};
  caller.session = renewed.id;
  made.expires = renewed.expires;
  note(log::Level::info, "authn_token_created", caller, who->user, "renewed");
  co_return made;
}

}  // namespace netkit::auth
