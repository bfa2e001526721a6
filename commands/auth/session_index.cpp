// Three ways to one session: by its token's hash, by its id, by its holder.
#include "commands/auth/session_index.hpp"

#include <algorithm>

#include "access/protocol.hpp"
#include "base/hex.hpp"

namespace netkit::auth {
namespace {

/// Uses that lie closer together are one: every request of a busy client would be a write. Within
/// a short idle limit they lie closer, or a session would end while it is used.
constexpr Time use_distance_s = 10;

template <std::size_t size>
void copy_bytes(std::string_view from, std::array<char, size>& to) {
  std::copy_n(from.begin(), std::min(from.size(), size), to.begin());
}

std::string grant_frame(const LiveSession& session, Time idle_limit) {
  const access::Grant grant{.session = std::string{session.id_bytes()},
                            .public_key = std::string{session.key_bytes()},
                            .expires_s = session.expires,
                            .idle_limit_s = idle_limit,
                            .user = session.holder->user,
                            .scopes = session.holder->scopes};
  std::string frame;
  access::append_grant(frame, 0, grant);
  return frame;
}

}  // namespace

bool SessionIndex::usable(const LiveSession& session, Time now) const {
  return now < session.expires &&
         now - session.last_used.load(std::memory_order_relaxed) < idle_limit_;
}

void SessionIndex::put(std::shared_ptr<LiveSession> session) {
  session->grant = grant_frame(*session, idle_limit_);
  const Found found = std::move(session);
  by_hash_[{found->token_hash.data(), found->token_hash.size()}] = found;
  by_id_[found->id_bytes()] = found;
  persons_[found->holder->user_key].sessions.push_back(found);
}

void SessionIndex::remove(const Found& session) {
  by_hash_.erase({session->token_hash.data(), session->token_hash.size()});
  by_id_.erase(session->id_bytes());
  const auto person = persons_.find(session->holder->user_key);
  if (person == persons_.end()) return;
  std::erase(person->second.sessions, session);
  if (person->second.sessions.empty()) persons_.erase(person);
}

void SessionIndex::add(const Session& session, std::span<const std::string> scopes) {
  auto live = std::make_shared<LiveSession>();
  copy_bytes(session.id, live->id);
  copy_bytes(session.token_hash, live->token_hash);
  copy_bytes(session.public_key, live->public_key);
  live->expires = session.expires;
  live->last_used = session.last_used;
  const std::unique_lock lock{mutex_};
  if (const auto before = by_id_.find(live->id_bytes()); before != by_id_.end()) {
    // Uses that were noted here may not be in the store yet.
    live->last_used = std::max(session.last_used, before->second->last_used.load());
    remove(Found{before->second});
  }
  Person& person = persons_[session.user_key];
  if (!person.holder || !std::ranges::equal(person.holder->scopes, scopes))
    person.holder = std::make_shared<const Holder>(
        Holder{session.user_key, session.user, {scopes.begin(), scopes.end()}});
  live->holder = person.holder;
  put(std::move(live));
}

void SessionIndex::end(std::string_view id) {
  const std::unique_lock lock{mutex_};
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) remove(Found{found->second});
}

std::vector<std::string> SessionIndex::rescope(std::string_view user_key,
                                               std::span<const std::string> scopes) {
  const std::unique_lock lock{mutex_};
  const auto person = persons_.find(user_key);
  if (person == persons_.end()) return {};
  const std::vector<Found> before = person->second.sessions;
  const auto holder = std::make_shared<const Holder>(Holder{person->second.holder->user_key,
                                                            person->second.holder->user,
                                                            {scopes.begin(), scopes.end()}});
  std::vector<std::string> ids;
  for (const Found& each : before) {
    auto live = std::make_shared<LiveSession>();
    live->id = each->id;
    live->token_hash = each->token_hash;
    live->public_key = each->public_key;
    live->expires = each->expires;
    live->last_used = each->last_used.load();
    live->holder = holder;
    ids.emplace_back(each->id_bytes());
    remove(each);
    put(std::move(live));
  }
  persons_[holder->user_key].holder = holder;
  return ids;
}

void SessionIndex::clear() {
  const std::unique_lock lock{mutex_};
  by_hash_.clear();
  by_id_.clear();
  persons_.clear();
}

SessionIndex::Found SessionIndex::find(std::string_view token_hash, Time now) const {
  const std::shared_lock lock{mutex_};
  const auto found = by_hash_.find(token_hash);
  return found != by_hash_.end() && usable(*found->second, now) ? found->second : nullptr;
}

SessionIndex::Found SessionIndex::find_by_id(std::string_view id, Time now) const {
  const std::shared_lock lock{mutex_};
  const auto found = by_id_.find(id);
  return found != by_id_.end() && usable(*found->second, now) ? found->second : nullptr;
}

std::size_t SessionIndex::size() const {
  const std::shared_lock lock{mutex_};
  return by_id_.size();
}

std::vector<std::string> SessionIndex::ids() const {
  const std::shared_lock lock{mutex_};
  std::vector<std::string> ids;
  for (const auto& [id, session] : by_id_)
    ids.emplace_back(id);
  return ids;
}

std::vector<std::string> SessionIndex::ids_of(std::string_view user_key) const {
  const std::shared_lock lock{mutex_};
  std::vector<std::string> ids;
  const auto person = persons_.find(user_key);
  if (person == persons_.end()) return ids;
  for (const Found& each : person->second.sessions)
    ids.emplace_back(each->id_bytes());
  return ids;
}

std::vector<SessionIndex::Found> SessionIndex::with_prefix(std::string_view digits,
                                                           std::size_t count, Time now) const {
  const std::shared_lock lock{mutex_};
  std::vector<Found> found;
  for (const auto& [id, session] : by_id_)
    if (found.size() < count && to_hex(id).starts_with(digits) && usable(*session, now))
      found.push_back(session);
  return found;
}

std::size_t SessionIndex::count_of(std::string_view user_key) const {
  const std::shared_lock lock{mutex_};
  const auto person = persons_.find(user_key);
  return person == persons_.end() ? 0 : person->second.sessions.size();
}

std::optional<Time> SessionIndex::last_use_of(std::string_view user_key) const {
  const std::shared_lock lock{mutex_};
  const auto person = persons_.find(user_key);
  if (person == persons_.end()) return std::nullopt;
  Time last = 0;
  for (const Found& each : person->second.sessions)
    last = std::max(last, each->last_used.load(std::memory_order_relaxed));
  return last;
}

void SessionIndex::use(const LiveSession& session, std::string_view address, Time now) {
  const Time before = session.last_used.load(std::memory_order_relaxed);
  const Time distance = std::min(use_distance_s, idle_limit_ / 4);
  if (now - before < distance && now >= before) return;
  session.last_used.store(now, std::memory_order_relaxed);
  const std::lock_guard lock{uses_mutex_};
  const std::string id{session.id_bytes()};
  SessionUse& use = uses_[id];
  use.id = id;
  use.at = now;
  if (!address.empty()) use.address = address;
}

std::vector<SessionUse> SessionIndex::take_uses() {
  Map<SessionUse> taken;
  {
    const std::lock_guard lock{uses_mutex_};
    taken.swap(uses_);
  }
  std::vector<SessionUse> uses;
  uses.reserve(taken.size());
  for (auto& [id, use] : taken)
    uses.push_back(std::move(use));
  return uses;
}

void SessionIndex::give_back(std::vector<SessionUse> uses) {
  const std::lock_guard lock{uses_mutex_};
  for (SessionUse& use : uses)
    uses_.try_emplace(use.id, use);
}

void SessionIndex::see_use(std::string_view id, Time at) {
  const std::shared_lock lock{mutex_};
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  std::atomic<Time>& last = found->second->last_used;
  Time before = last.load(std::memory_order_relaxed);
  while (before < at && !last.compare_exchange_weak(before, at, std::memory_order_relaxed)) {
  }
}

}  // namespace netkit::auth
