// What a client has seen: where it can resume, and which messages it gets for the second time.
// Used by the chat machine; time is an argument.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "commands/relay/mesh.hpp"
#include "commands/relay/said.hpp"

namespace netkit::relay {

class ChatSeen {
 public:
  /// Where the logs stand of which it is to see only what comes from now on.
  void begin(const Vector& have);
  /// True for a message that was not here before.
  bool take(const Said& said, Instant now);
  /// To be shown again when it comes again: the client has left the room.
  void forget(std::string_view room);

  /// Behind what a relay may go on. Messages of one log may come out of their order by as long as
  /// a relay holds one whose predecessor is missing; so what came lately is asked for again, and
  /// dropped if it had come.
  const Vector& resume_at(Instant lost);
  /// A relay goes on from there: what it has held until now may still come.
  void resumed(Instant now);

  static constexpr std::chrono::seconds settle_limit{5};
  static constexpr std::size_t unsettled_max = 65'536;
  /// An entry has about 30 bytes in the request that resumes.
  static constexpr std::size_t logs_max = 1'000;
  static constexpr std::size_t voices_max = 32'768;

 private:
  /// Where a sender stands in one room; numbers in between may be of other rooms.
  struct Voice {
    std::uint64_t last = 0;
    std::uint64_t before = 0;  ///< Bit n: last - 1 - n has come, too.
  };
  using Voices = std::map<std::pair<std::string, SenderKey>, Voice>;
  struct Arrival {
    Instant at{0};
    RecordId id;
  };

  Voice& voice_of(const Said& said);
  static bool is_new(Voice& voice, std::uint64_t number);
  void settle(const RecordId& id);

  Vector settled_;
  std::deque<Arrival> unsettled_;
  // Two generations, so that who has long been silent is forgotten without a list of all.
  Voices voices_;
  Voices older_voices_;
};

}  // namespace netkit::relay
