// Shards chosen by a byte of the key, each with a cache behind its lock.
#include "access/judge.hpp"

#include <utility>

#include "identity/token.hpp"

namespace netkit::access {
namespace {

CacheLimits share(CacheLimits limits, std::size_t parts) {
  const auto part = [&](std::size_t whole) { return (whole + parts - 1) / parts; };
  limits.grants_max = part(limits.grants_max);
  limits.denials_max = part(limits.denials_max);
  return limits;
}

Error no_credential() {
  return {Errc::refused, "accept the token",
          "that is neither a token nor a ticket; sign in: netkit auth login"};
}

}  // namespace

Error error_of(Denial why) {
  switch (why) {
    case Denial::used_up: return {Errc::refused, "accept the ticket", "it has been used up"};
    case Denial::not_now:
      return {Errc::busy, "check the token", "the auth service is busy; try again in 1 s"};
    case Denial::unknown: break;
  }
  return {Errc::refused, "accept the token",
          "it is unknown or has ended; sign in: netkit auth login"};
}

Result<Asking> asking_of(std::string_view credential) {
  Asking asking;
  if (identity::is_token(credential)) {
    asking.key = asking.denial_key = hash_of(credential);
    return asking;
  }
  if (!identity::is_ticket(credential)) return no_credential();
  Result<identity::Ticket> ticket = identity::parse_ticket(credential);
  if (!ticket) return Error{Errc::refused, "accept the ticket", ticket.error().message()};
  asking.key = key_of_session(ticket->session);
  asking.denial_key = hash_of(credential);
  asking.spend = ticket->limits.uses > 0;
  asking.ticket =
      std::make_shared<const Presented>(Presented{std::move(*ticket), std::string{credential}});
  return asking;
}

Asking asking_again(const Who& who) {
  Asking asking;
  asking.key = asking.denial_key = who.key();
  asking.ticket = who.ticket();
  asking.again = asking.ticket != nullptr;
  if (asking.ticket) asking.denial_key = hash_of(asking.ticket->text);
  return asking;
}

void append_question(std::string& out, std::uint32_t stream, const Asking& asking) {
  if (!asking.ticket)
    append_check(out, stream, view(asking.key));
  else if (asking.again)
    append_check_again(out, stream, asking.ticket->text);
  else
    append_check_ticket(out, stream, asking.ticket->text, asking.spend);
}

Judge::Judge(std::string service, CacheLimits limits) : service_{std::move(service)} {
  for (std::size_t i = 0; i < shards_count; ++i)
    shards_.push_back(std::make_unique<Shard>(share(limits, shards_count)));
}

/// By another byte than those that the tables within a shard go by.
Judge::Shard& Judge::shard_of(const Key& key) const {
  return *shards_[static_cast<unsigned char>(key[15]) % shards_count];
}

GrantCache::Found Judge::find(const Key& key, const Moment& now,
                              std::optional<std::string_view> address) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock{shard.mutex};
  return shard.cache.find(key, now, address);
}

std::optional<Result<Who>> Judge::judge(std::string_view credential, const Wish& wish,
                                        const Moment& now) {
  if (!identity::is_token(credential)) {
    const Result<Asking> asking = asking_of(credential);
    if (!asking) return asking.error();
    return judge(*asking, wish, now);
  }
  const Key key = hash_of(credential);
  GrantCache::Found found = find(key, now, wish.address);
  if (found.denied) return error_of(*found.denied);
  if (!found.grant) return std::nullopt;
  Who who{key, std::move(found.grant)};
  if (Status may = check_wish(who, service_, wish, now.wall_s); !may) return may.error();
  return who;
}

std::optional<Result<Who>> Judge::judge(const Asking& asking, const Wish& wish, const Moment& now) {
  if (const auto denied = find(asking.denial_key, now, std::nullopt).denied)
    return error_of(*denied);
  // Before the auth service is asked: one that would be refused here is not to lose a use there.
  if (asking.ticket)
    if (Status fits = check_ticket(*asking.ticket, service_, wish, now.wall_s); !fits)
      return fits.error();
  const GrantCache::Found found = find(asking.key, now, std::nullopt);
  if (!found.grant) return std::nullopt;
  Result<Who> who = decide(asking, found.grant, wish, now);
  if (!who) return who;
  // Only the auth service counts uses; what it would refuse anyway is none.
  if (asking.spend) return std::nullopt;
  static_cast<void>(find(asking.key, now, wish.address));
  return who;
}

Result<Who> Judge::decide(const Asking& asking, const std::shared_ptr<const Grant>& grant,
                          const Wish& wish, const Moment& now) {
  Who who{asking.key, grant, asking.ticket};
  if (asking.ticket)
    if (Status good = verify(asking, grant->public_key); !good) return good.error();
  if (Status may = check_wish(who, service_, wish, now.wall_s); !may) return may.error();
  return who;
}

Status Judge::verify(const Asking& asking, std::string_view public_key) {
  // The same text under another key would be another question.
  const Key text = hash_of(asking.ticket->text + std::string{public_key});
  Shard& shard = shard_of(text);
  {
    const std::lock_guard lock{shard.mutex};
    if (shard.verified.contains(text)) return ok;
  }
  if (Status good = identity::verify_signature(asking.ticket->ticket, public_key); !good)
    return good;
  const std::lock_guard lock{shard.mutex};
  if (shard.verified.size() >= verified_max) shard.verified.clear();
  shard.verified.insert(text);
  return ok;
}

Status Judge::may(const Who& who, const Wish& wish, const Moment& now) const {
  std::shared_ptr<const Grant> latest;
  {
    const Shard& shard = shard_of(who.key());
    const std::lock_guard lock{shard.mutex};
    latest = shard.cache.last(who.key());
  }
  return check_wish(latest ? who.with(std::move(latest)) : who, service_, wish, now.wall_s);
}

bool Judge::is_confirmed(const Key& key, const Moment& now) {
  return find(key, now, std::nullopt).grant != nullptr;
}

void Judge::grant(const Key& key, std::shared_ptr<const Grant> grant, const Moment& now) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock{shard.mutex};
  shard.cache.grant(key, std::move(grant), now);
}

void Judge::deny(const Key& key, Denial why, const Moment& now) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock{shard.mutex};
  shard.cache.deny(key, why, now);
}

template <typename Call>
void Judge::each(Call call) {
  for (const auto& shard : shards_) {
    const std::lock_guard lock{shard->mutex};
    call(shard->cache);
  }
}

void Judge::changed(std::string_view session) {
  each([&](GrantCache& cache) { cache.changed(session); });
}

void Judge::connected() {
  each([](GrantCache& cache) { cache.connected(); });
}

void Judge::lost(const Moment& now) {
  each([&](GrantCache& cache) { cache.lost(now); });
}

void Judge::drop_lapsed(const Moment& now) {
  each([&](GrantCache& cache) { cache.drop_lapsed(now); });
}

std::vector<GrantCache::Use> Judge::take_uses() {
  std::vector<GrantCache::Use> uses;
  each([&](GrantCache& cache) {
    for (GrantCache::Use& use : cache.take_uses())
      uses.push_back(std::move(use));
  });
  return uses;
}

}  // namespace netkit::access
