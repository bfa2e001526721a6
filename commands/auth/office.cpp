// The office's life, who asks by what right, and what is written in batches.
#include "commands/auth/office.hpp"

#include <algorithm>

#include "base/random.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "commands/auth/auth.hpp"
#include "commands/auth/source_block.hpp"
#include "identity/name.hpp"
#include "identity/scope.hpp"

namespace netkit::auth {
namespace {

constexpr std::uint64_t uses_period_s = 30;
constexpr std::uint64_t clean_up_period_s = 60;

std::string random_key() {
  std::string key(32, '\0');
  fill_random(key);
  return key;
}

}  // namespace

Office::Office(OfficeSettings settings, Clerk& clerk, identity::HashPool& hashes, log::Logger& log)
    : settings_{std::move(settings)},
      decoy_{identity::decoy(settings_.hash, settings_.peppers)},
      clerk_{clerk},
      hashes_{hashes},
      log_{log},
      index_{settings_.session_idle_s},
      gate_{random_key()} {}

Time Office::now() const {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Status Office::open(Vault& vault) {
  vault_ = &vault;
  Result<std::vector<ThrottleRecord>> throttles = vault.throttles();
  if (!throttles) return throttles.error();
  gate_.restore(*throttles);
  Result<std::vector<std::string>> over = vault.clean_up(now(), now() - settings_.session_idle_s);
  if (!over) return over.error();
  return load(vault);
}

void Office::tick() {
  const std::uint64_t tick = ++ticks_;
  if (writing_.exchange(true)) return;
  const bool uses = tick % uses_period_s == 0;
  const bool clean = tick % clean_up_period_s == 0;
  // A revocation that was missed is urgent; what is written is not.
  if (stale_)
    static_cast<void>(clerk_.submit([this](Vault& vault) {
      if (stale_) read_anew(vault);
    }));
  const auto write = [this, uses, clean](Vault& vault) {
    write_batches(vault, uses);
    if (clean) clean_up(vault);
    writing_ = false;
  };
  const Status queued = clerk_.submit(write, Lane::back);
  if (!queued) writing_ = false;
}

void Office::write_batches(Vault& vault, bool uses) {
  const auto complain = [&](const Status& done) {
    if (!done) log_.error("store", {{"error", done.error().message()}});
  };
  if (const auto throttles = gate_.take_changes(); !throttles.empty()) {
    const Status kept = vault.keep_throttles(throttles);
    if (!kept) gate_.give_back(throttles);
    complain(kept);
  }
  if (!uses) return;
  auto used = index_.take_uses();
  if (used.empty()) return;
  const Status kept = vault.use_sessions(used);
  if (!kept) index_.give_back(std::move(used));
  complain(kept);
}

void Office::clean_up(Vault& vault) {
  const Result<std::vector<std::string>> over =
      vault.clean_up(now(), now() - settings_.session_idle_s);
  if (over)
    forget(*over);
  else
    log_.error("store", {{"error", over.error().message()}});
}

void Office::close(Vault& vault) {
  write_batches(vault, true);
}

void Office::forget(std::span<const std::string> ids) {
  for (const std::string& id : ids)
    index_.end(id);
  for (const std::string& id : ids)
    followers_.tell(id);
}

Result<SessionIndex::Found> Office::holder_of(const identity::Ticket& ticket, bool again) const {
  SessionIndex::Found found = index_.find_by_id(ticket.session, now());
  if (!found) return Error{Errc::refused, "accept the ticket", "its holder's session has ended"};
  if (Status good = identity::verify_signature(ticket, found->key_bytes()); !good)
    return good.error();
  if (!again && ticket.limits.expires_s <= now())
    return Error{Errc::refused, "accept the ticket", "it has expired"};
  if (!again && now() < ticket.limits.not_before_s)
    return Error{Errc::refused, "accept the ticket", "it is not good yet"};
  return found;
}

Status Office::check_opened(const identity::Ticket& ticket, const Caller& caller) const {
  identity::Ticket opened;
  opened.limits = ticket.limits;
  opened.limits.scopes.clear();
  opened.limits.verbs.clear();
  return identity::check_limits(opened, {.service = service_name,
                                         .scope = {},
                                         .verb = {},
                                         .path = {},
                                         .address = caller.address,
                                         .now_s = now(),
                                         .audience = caller.audience});
}

Result<bool> Office::count_use(Vault& vault, const identity::Ticket& ticket,
                               const LiveSession& holder) {
  // Whatever the ticket says: it is over with its session, and so is its count.
  return vault.spend(ticket.nonce, ticket.limits.uses,
                     std::min(ticket.limits.expires_s, holder.expires), ticket.session);
}

Office::Answer<bool> Office::spend(const identity::Ticket& ticket, SessionIndex::Found holder) {
  const auto count = [&](Vault& vault) { return count_use(vault, ticket, *holder); };
  const InFlight::Permit permit = spends_.take(ticket.session);
  if (!permit) co_return Error{Errc::busy, "count the use of a ticket", "try again in 1 s"};
  co_return co_await clerk_.call(count, Lane::back);
}

Result<Identity> Office::standing(const Caller& caller, Ask ask) {
  if (caller.session.empty()) {
    if (caller.admin_socket) return Identity{.user = "admin socket", .scopes = {"admin"}};
    return Error{Errc::refused, "do that for somebody who has not signed in",
                 "sign in first: netkit auth login"};
  }
  const SessionIndex::Found found = index_.find_by_id(caller.session, now());
  if (!found)
    return Error{Errc::refused, "go on in a session that has ended",
                 "sign in again: netkit auth login"};
  Identity standing{.user = found->holder->user,
                    .user_key = found->holder->user_key,
                    .session = caller.session,
                    .scopes = found->holder->scopes,
                    .expires = found->expires,
                    .last_used = found->last_used};
  if (caller.ticket) {
    const identity::TicketUse use{.service = service_name,
                                  .scope = {},
                                  .verb = to_text(ask),
                                  .path = {},
                                  .address = caller.address,
                                  .now_s = now(),
                                  .audience = caller.audience};
    identity::Ticket unscoped = *caller.ticket;  // Its scopes narrow what follows.
    unscoped.limits.scopes.clear();
    if (ask == Ask::whoami) unscoped.limits.verbs.clear();  // The answer to every sign-in.
    if (Status allowed = identity::check_limits(unscoped, use); !allowed) return allowed.error();
    standing.by_ticket = true;
    standing.expires = std::min(standing.expires, caller.ticket->limits.expires_s);
    if (const auto& wanted = caller.ticket->limits.scopes; !wanted.empty()) {
      standing.scopes.clear();
      for (const std::string& each : wanted)
        if (identity::grants(found->holder->scopes, each)) standing.scopes.push_back(each);
    }
  }
  index_.use(*found, caller.address, now());
  return standing;
}

Result<Identity> Office::owner(const Caller& caller, Ask ask) {
  Result<Identity> who = standing(caller, ask);
  if (!who) return who;
  if (who->session.empty())
    return Error{Errc::refused, "do that for nobody", "the admin socket has no session: sign in"};
  if (who->by_ticket)
    return Error{Errc::refused, "do that by a ticket", "it needs its holder's own token"};
  return who;
}

Result<Identity> Office::administrator(const Caller& caller, Ask ask) {
  Result<Identity> who = standing(caller, ask);
  if (!who) return who;
  if (!caller.admin_socket && !identity::grants(who->scopes, "admin")) {
    note(log::Level::warn, "authz_fail", caller, who->user, to_text(ask));
    return Error{Errc::refused, "let " + escape_for_display(who->user) + " do that",
                 "it is for administrators"};
  }
  note(log::Level::info, "authz_admin", caller, who->user, to_text(ask));
  return who;
}

Result<Identity> Office::changing_administrator(const Caller& caller, Ask ask) {
  // That the verbs of a ticket, if it has some, hold this one is checked in standing().
  if (caller.ticket && caller.ticket->limits.verbs.empty()) {
    const std::string verb{to_text(ask)};
    note(log::Level::warn, "authz_fail", caller, "(by a ticket)", verb);
    return Error{Errc::refused, "do that by a ticket that does not name it",
                 "make one for it: netkit auth ticket --verb " + verb};
  }
  return administrator(caller, ask);
}

Result<Registration> Office::judge_registration(const Caller& caller, bool shows_code) {
  const Standing standing = caller.admin_socket ? Standing::admin_socket
                            : caller.local      ? Standing::local
                                                : Standing::remote;
  const Result<Registration> allowed = may_register(settings_.registration, standing, shows_code);
  if (!allowed) return allowed;
  const std::lock_guard lock{registrations_mutex_};
  const Time wait = registrations_.take(source_block(caller.address), gate_.now());
  if (wait == 0) return allowed;
  return Error{Errc::refused, "register so many from one address",
               "try again in " + netkit::to_text(std::chrono::seconds{wait})};
}

Status Office::check_private(const Caller& caller, std::string_view what) const {
  if (!caller.exposed) return ok;
  return Error{Errc::refused, "take " + std::string{what} + " in clear",
               "use TLS: openssl s_client -connect HOST:" + std::to_string(port) +
                   " -quiet, or netkit auth login HOST"};
}

void Office::note(log::Level level, std::string_view event, const Caller& caller,
                  std::string_view user, std::string_view reason) {
  if (reason.empty())
    log_.event(level, event, {{"user", user}, {"address", caller.address}, {"port", caller.port}});
  else
    log_.event(
        level, event,
        {{"user", user}, {"address", caller.address}, {"port", caller.port}, {"reason", reason}});
}

}  // namespace netkit::auth
