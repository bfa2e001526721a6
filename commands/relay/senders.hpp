// Each message of a sender once and in its order, although after a fail-over its messages stand in
// the logs of two relays, and some in both. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "commands/relay/record.hpp"

namespace netkit::relay {

/// Steady time.
using Instant = std::chrono::nanoseconds;

class Senders {
 public:
  /// A record that was held, with its own bytes, is let go by this.
  using LetGo = std::function<void(const Record& record, RecordId id)>;

  /// The last number of that sender that was delivered; 0 for an unknown one.
  std::uint64_t known(SenderKey sender) const;
  /// Notes a number as delivered without asking, where this relay itself took it from the sender.
  /// False for a repeat, which is not to be delivered. What waited for it is let go by the next
  /// let_go_late().
  bool take_own(SenderKey sender, std::uint64_t number);

  enum class Verdict : std::uint8_t { deliver, repeat, held };
  /// A record out of a log. deliver: now, and then call let_go_after() for those it made ready.
  /// held: its predecessor is missing; it waits for it, at most hold_limit.
  Verdict take(const Record& record, RecordId id, Instant now);
  /// Those that waited for the record just delivered, in order.
  void let_go_after(SenderKey sender, const LetGo& let_go);
  /// Those that have waited too long, or too many; their predecessors are given up.
  void let_go_late(Instant now, const LetGo& let_go);
  /// When let_go_late() has something to do; Instant::max() if nothing waits.
  Instant next_due() const;

  static constexpr std::chrono::seconds hold_limit{2};
  static constexpr std::size_t held_per_sender_max = 256;
  static constexpr std::size_t held_size_max = 16 * 1024 * 1024;  ///< Of all.
  static constexpr std::size_t senders_max = 200'000;             ///< Least lately heard ones go.

 private:
  struct Known {
    std::uint64_t number = 0;
    std::list<SenderKey>::iterator heard;
  };
  struct Held {
    std::string bytes;
    RecordId id;
    Instant since{0};
  };
  struct Waiting {
    std::map<std::uint64_t, Held> records;  // By number.
    Instant due{0};
  };
  using WaitingAt = std::unordered_map<SenderKey, Waiting>::iterator;

  Known& hear(SenderKey sender);
  void make_room();
  void hold(const Record& record, RecordId id, Instant now);
  void set_due(WaitingAt waiting, Instant due);
  /// Takes the record of the lowest number out.
  Held pull(WaitingAt waiting);
  /// Lets go of what now follows without a hole, and drops repeats.
  void let_go_run(WaitingAt waiting, const LetGo& let_go);
  /// Its next due time, or its end.
  void settle(WaitingAt waiting);
  static Instant oldest_of(const Waiting& waiting);
  bool is_late(const Waiting& waiting, Instant now) const;

  std::unordered_map<SenderKey, Known> known_;
  std::list<SenderKey> heard_;  // Least lately heard ones first.
  std::unordered_map<SenderKey, Waiting> waiting_;
  std::set<std::pair<Instant, SenderKey>> due_;
  std::size_t held_size_ = 0;
};

}  // namespace netkit::relay
