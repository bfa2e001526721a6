// Every session that may be used, in memory, so that a token is checked in a microsecond on
// whatever thread the question came in. The clerk keeps it as the vault is; it decides nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "commands/auth/vault.hpp"

namespace netkit::auth {

/// Whose sessions these are: shared by all of one account.
struct Holder {
  std::string user_key;
  std::string user;
  std::vector<std::string> scopes;
};

/// One session as it is checked. Never changes but for its last use; a change of scopes puts
/// another in its place.
struct LiveSession {
  std::array<char, 16> id{};
  std::array<char, 32> token_hash{};
  std::array<char, 32> public_key{};
  Time expires = 0;
  std::shared_ptr<const Holder> holder;
  /// The frame that tells a service, for stream 0.
  std::string grant;
  mutable std::atomic<Time> last_used{0};

  std::string_view id_bytes() const { return {id.data(), id.size()}; }
  std::string_view key_bytes() const { return {public_key.data(), public_key.size()}; }
};

/// Members are safe from any thread. Those that change what may be used are called on the clerk's,
/// in the step that changed the vault, so that neither is ahead of the other for long.
class SessionIndex {
 public:
  using Found = std::shared_ptr<const LiveSession>;

  explicit SessionIndex(Time idle_limit) : idle_limit_{idle_limit} {}

  /// Adds, or replaces the one with this id.
  void add(const Session& session, std::span<const std::string> scopes);
  void end(std::string_view id);
  /// The ids of that account's sessions, which have `scopes` from now on.
  std::vector<std::string> rescope(std::string_view user_key, std::span<const std::string> scopes);
  void clear();

  /// None for a token that nobody holds, that has expired or was not used for too long.
  Found find(std::string_view token_hash, Time now) const;
  Found find_by_id(std::string_view id, Time now) const;
  std::size_t size() const;
  std::vector<std::string> ids() const;
  std::vector<std::string> ids_of(std::string_view user_key) const;
  /// Those whose id begins with these hex digits, at most `count`.
  std::vector<Found> with_prefix(std::string_view digits, std::size_t count, Time now) const;
  std::size_t count_of(std::string_view user_key) const;
  /// When one of that account's was last used; nullopt if it has none.
  std::optional<Time> last_use_of(std::string_view user_key) const;

  /// Notes a use, unless one was noted in the last few seconds.
  void use(const LiveSession& session, std::string_view address, Time now);
  /// What was noted since the last call.
  std::vector<SessionUse> take_uses();
  /// They could not be written: they are to be taken again, but for those noted since.
  void give_back(std::vector<SessionUse> uses);
  /// Another server noted this use, and writes it.
  void see_use(std::string_view id, Time at);

  Time idle_limit() const { return idle_limit_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <typename T>
  using Map = std::unordered_map<std::string, T, Hash, std::equal_to<>>;
  // The keys are views into the sessions they lead to.
  using ById = std::unordered_map<std::string_view, Found>;
  struct Person {
    std::shared_ptr<const Holder> holder;
    std::vector<Found> sessions;
  };

  bool usable(const LiveSession& session, Time now) const;
  void put(std::shared_ptr<LiveSession> session);
  void remove(const Found& session);

  const Time idle_limit_;
  mutable std::shared_mutex mutex_;  // Guards what follows but for uses_.
  ById by_hash_;
  ById by_id_;
  Map<Person> persons_;
  std::mutex uses_mutex_;
  Map<SessionUse> uses_;
};

}  // namespace netkit::auth
