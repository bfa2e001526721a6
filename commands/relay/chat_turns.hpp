// Whose turn it is among several relays, and when there is no sense in going on. Pure: its owner
// connects and waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "commands/relay/senders.hpp"

namespace netkit::relay {

struct ChatPatience {
  /// How many more rounds over all relays; none: as the other two say.
  std::optional<std::uint64_t> rounds;
  /// How long a relay that was lost is looked for, and a first one not at all.
  std::chrono::nanoseconds after_loss{0};
  bool for_ever_after_loss = false;
};

class ChatTurns {
 public:
  ChatTurns(std::size_t relays, ChatPatience patience)
      : patience_{patience}, hopeless_(relays, false) {}

  std::size_t current() const { return current_; }
  /// The current one let us in: failures so far are forgotten.
  void entered();
  /// It was lost after that; the next one's turn begins.
  void lost(Instant now);

  enum class Next : std::uint8_t { at_once, after_pause, never };
  /// It could not be reached or did not let us in; unless the answer is never, the next one's turn
  /// begins. after_pause: all had their turn.
  Next failed(const Error& error, Instant now);

 private:
  bool is_over(Instant now) const;

  const ChatPatience patience_;
  std::vector<bool> hopeless_;  ///< Said no, or are no relays.
  std::size_t current_ = 0;
  std::size_t failed_in_round_ = 0;
  std::uint64_t rounds_ = 0;
  bool was_in_ = false;
  Instant lost_at_{0};
};

/// What time cannot mend becomes what it is, all else "cannot reach", for a script's exit code 3.
Error unreached(const Error& error);

}  // namespace netkit::relay
