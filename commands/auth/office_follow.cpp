// How the office reads the vault into memory, and keeps up with other servers on the same store.
// What could not be read is read later: a revocation that was missed must not stay missed.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "commands/auth/office.hpp"
#include "identity/name.hpp"

namespace netkit::auth {

/// Sessions are replaced one by one and ended last, so that no good token is unknown meanwhile, and
/// none is forgotten when the store goes away in the middle.
Status Office::load(Vault& vault) {
  std::unordered_map<std::string, std::vector<std::string>> scopes;
  std::string after;
  for (;;) {
    constexpr std::size_t page = 1000;
    Result<std::vector<Account>> accounts = vault.accounts(after, page);
    if (!accounts) return accounts.error();
    for (Account& each : *accounts) {
      after = identity::name_key(each.user);
      scopes[after] = std::move(each.scopes);
    }
    if (accounts->size() < page) break;
  }
  std::unordered_set<std::string> there;
  const Status read = vault.each_session([&](Session session) {
    const auto found = scopes.find(session.user_key);
    if (found == scopes.end()) return;
    index_.add(session, found->second);
    there.insert(std::move(session.id));
  });
  if (!read) return read;
  for (const std::string& id : index_.ids())
    if (!there.contains(id)) index_.end(id);
  return ok;
}

void Office::read_anew(Vault& vault) {
  const std::vector<std::string> before = index_.ids();
  if (Status loaded = load(vault); !loaded) {
    // Said once: it is tried again every second until it succeeds.
    if (!stale_.exchange(true)) log_.error("store", {{"error", loaded.error().message()}});
    return;
  }
  stale_ = false;
  for (const std::string& id : before)
    followers_.tell(id);
}

void Office::follow(const Change& change) {
  for (const SessionUse& use : change.uses)
    index_.see_use(use.id, use.at);
  if (!change.uses.empty()) return;
  const auto heed = [this, change](Vault& vault) {
    if (change.session.empty() && change.user_key.empty()) return read_anew(vault);
    const Result<std::vector<std::string>> touched = refresh(vault, change);
    if (!touched) return read_anew(vault);
    for (const std::string& id : *touched)
      followers_.tell(id);
  };
  if (Status queued = clerk_.submit(heed); !queued) stale_ = true;
}

/// The ids of the sessions that may be other than they were.
Result<std::vector<std::string>> Office::refresh(Vault& vault, const Change& change) {
  if (change.user_key.empty()) {
    const Result<std::optional<Session>> session = vault.find_session_by_id(change.session);
    if (!session) return session.error();
    if (!*session) {
      index_.end(change.session);
      return std::vector<std::string>{change.session};
    }
    const Result<std::optional<Account>> account = vault.find_account((*session)->user_key);
    if (!account) return account.error();
    if (*account)
      index_.add(**session, (*account)->scopes);
    else
      index_.end(change.session);
    return std::vector<std::string>{change.session};
  }
  const Result<std::optional<Account>> account = vault.find_account(change.user_key);
  if (!account) return account.error();
  const Result<std::vector<Session>> sessions = vault.sessions_of(change.user_key);
  if (!sessions) return sessions.error();
  std::vector<std::string> touched = index_.ids_of(change.user_key);
  std::unordered_set<std::string> there;
  if (*account)
    for (const Session& each : *sessions) {
      index_.add(each, (*account)->scopes);
      there.insert(each.id);
    }
  for (const std::string& id : touched)
    if (!there.contains(id)) index_.end(id);
  return touched;
}

}  // namespace netkit::auth
