// Answers about credentials from what is known already, for all threads of a server at once. The
// guard tells it what the auth service says and asks there about what it cannot answer.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "access/grant_cache.hpp"
#include "access/who.hpp"
#include "base/result.hpp"

namespace netkit::access {

/// How the auth service has to be asked about a credential.
struct Asking {
  Key key{};
  /// What a denial is remembered by: the token, or the ticket and not its session, which anybody
  /// can name in a forged one.
  Key denial_key{};
  /// None: by the token's hash, which is the key.
  std::shared_ptr<const Presented> ticket;
  bool spend = false;
  bool again = false;  ///< Of somebody who was let in before.
};

/// The question that a credential makes; Errc::refused for a text that is neither token nor ticket.
Result<Asking> asking_of(std::string_view credential);

/// The one that tells whether `who` is still there.
Asking asking_again(const Who& who);
void append_question(std::string& out, std::uint32_t stream, const Asking& asking);

/// Why somebody was denied, for whoever asked.
Error error_of(Denial why);

/// Safe from any thread. Spread over shards, so that threads seldom wait for each other.
class Judge {
 public:
  Judge(std::string service, CacheLimits limits);

  /// nullopt: the auth service has to be asked. A token that is known takes no memory.
  std::optional<Result<Who>> judge(std::string_view credential, const Wish& wish,
                                   const Moment& now);
  /// The same for a question that has been read already.
  std::optional<Result<Who>> judge(const Asking& asking, const Wish& wish, const Moment& now);
  /// What a grant that was just had means for `wish`.
  Result<Who> decide(const Asking& asking, const std::shared_ptr<const Grant>& grant,
                     const Wish& wish, const Moment& now);

  /// Whether somebody who was admitted may do that as well, by the latest that is known of them.
  /// Counts no use of a ticket.
  Status may(const Who& who, const Wish& wish, const Moment& now) const;

  /// False if the auth service is to be asked about it, or has been asked and not answered.
  bool is_confirmed(const Key& key, const Moment& now);

  void grant(const Key& key, std::shared_ptr<const Grant> grant, const Moment& now);
  /// By its denial_key.
  void deny(const Key& key, Denial why, const Moment& now);
  void changed(std::string_view session);
  void connected();
  void lost(const Moment& now);
  void drop_lapsed(const Moment& now);
  std::vector<GrantCache::Use> take_uses();

 private:
  static constexpr std::size_t shards_count = 16;
  static constexpr std::size_t verified_max = 4096;  // Of each shard.
  struct alignas(64) Shard {
    explicit Shard(CacheLimits limits) : cache{limits} {}
    mutable std::mutex mutex;
    GrantCache cache;
    /// Hashes of whole tickets whose signature was found good, so that it is computed once.
    std::unordered_set<Key, HashOfHash> verified;
  };

  Shard& shard_of(const Key& key) const;
  Status verify(const Asking& asking, std::string_view public_key);
  GrantCache::Found find(const Key& key, const Moment& now,
                         std::optional<std::string_view> address);
  template <typename Call>
  void each(Call call);

  const std::string service_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace netkit::access
