// The logs of all relays as this one has them: takes what is new from whoever brings it, keeps a
// bounded backlog, and tells links what their peers lack. Pure: no sockets, no clock; its owner
// calls it from one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "commands/relay/bundle.hpp"
#include "commands/relay/roster.hpp"
#include "commands/relay/senders.hpp"

namespace netkit::relay {

class LinkMachine;

/// How far somebody has got in each log.
using Vector = std::map<LogId, std::uint64_t>;

struct Moment {
  Instant steady{0};
  std::uint64_t wall_ms = 0;  ///< Since 1970, UTC.
};

struct MeshSettings {
  std::string name;
  std::size_t records_max = 10'000;  ///< Of the backlog.
  std::size_t bytes_max = 64 * 1024 * 1024;
};

/// A run of a relay as others know it.
struct RelayFacts {
  LogId log = 0;
  std::string name;
  std::string public_key;
  std::uint64_t started_ms = 0;
  std::uint64_t last = 0;  ///< The last record that this relay has of it.
  unsigned hops = 0;       ///< 0: this one.
  bool away = false;       ///< Not heard of for away_limit.
};

class Mesh {
 public:
  /// What happens while one of the mesh's functions runs.
  class Hearer {
   public:
    virtual ~Hearer() = default;
    /// A record of another relay, once for each number of its sender and in that order. The roster
    /// has taken it already.
    virtual void deliver(const Record& record, RecordId id) = 0;
    /// Records of that log that no reachable relay has any more.
    virtual void skipped(const RelayFacts& relay, std::uint64_t from, std::uint64_t to) = 0;
    virtual void away(const RelayFacts& relay, std::size_t people) = 0;
    virtual void back(const RelayFacts& relay) = 0;
    /// Something new for the store: a bundle that was sealed here or taken from a link.
    virtual void keep(const Bundle& bundle) = 0;
    /// Another relay has this one's own records up to `seq`.
    virtual void acknowledged(std::uint64_t seq) = 0;
    /// Links have something to send: fill() is to be called for each, soon.
    virtual void links_due() = 0;
  };

  Mesh(MeshSettings settings, LogKey key, Hearer& hearer, Moment now);
  ~Mesh();

  LogId log() const;
  const std::string& name() const;
  /// The last record of this relay's own log.
  std::uint64_t last() const;
  const Roster& roster() const;
  Senders& senders();
  /// The relay that a log is of: its name, or the beginning of the log's id.
  std::string relay_name(LogId log) const;
  std::vector<RelayFacts> relays() const;
  /// Where each log stands here: all that was delivered or given up.
  Vector have() const;

  /// Adds to this relay's own log; the roster takes it, deliver() is not called. What was said is
  /// numbered by the sender already and was asked about by Senders::take_own().
  RecordId add(const Record& record);
  /// Signs what was added since and tells keep(); links and the store need it so. Without either
  /// it need not be called: the backlog stays bounded all the same.
  void seal();
  /// What the store kept of earlier runs, in the order it was kept, before any link: records go to
  /// deliver(). `facts` names the log and its key.
  Status restore(const RelayFacts& facts, Bundle bundle, Moment now);

  /// Heartbeats, held records, holes that nobody fills: at least each 100 ms.
  void tick(Moment now);
  /// For whoever brings bundles by another way than a link (a store that several relays share).
  /// Errc::malformed for what is forged; holes are waited for like those of a link.
  Status take(Bundle bundle, Moment now);
  /// The facts of a log from there.
  Status learn(const RelayFacts& facts, Moment now);

  /// Bundles that hold any of those records of the backlog, oldest first.
  std::vector<Bundle> find(LogId log, std::uint64_t from, std::uint64_t to) const;

 private:
  friend class LinkMachine;
};

}  // namespace netkit::relay
