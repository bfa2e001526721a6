// One established link between two relays, after both have proved who they are: what the peer says
// to the mesh, and what the mesh has for the peer. Pure; the same on both ends.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "commands/relay/link_messages.hpp"
#include "commands/relay/mesh.hpp"
#include "wire/frame.hpp"

namespace netkit::relay {

// The field tables of the link's frames stand in link_messages.hpp.

struct LinkStatus {
  std::string peer;                   ///< Its name.
  std::chrono::nanoseconds delay{0};  ///< Of the last ping there and back.
  std::uint64_t sent = 0;             ///< Records.
  std::uint64_t received = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t behind = 0;  ///< Records of ours that the peer has not acknowledged.
};

/// Both tell all they have at first; then each is given what it lacks, in the order it came here.
/// A bundle is taken for given once it is written: if it gets lost the link is gone, too.
class LinkMachine {
 public:
  LinkMachine(Mesh& mesh, std::string peer, Moment now);
  ~LinkMachine();
  LinkMachine(const LinkMachine&) = delete;
  LinkMachine& operator=(const LinkMachine&) = delete;

  /// A frame of the peer. An error is final: the link is to be closed and its peer named in the
  /// log. Errc::closed: the peer said goodbye; Errc::refused: it gave up, the hint says why.
  Status hear(const wire::Frame& frame, Moment now);
  /// Appends what is to be sent, `size_max` bytes and one frame at most. False: nothing more now.
  /// Pings are among it, so it is called each 100 ms in any case.
  bool fill(std::string& out, std::size_t size_max, Moment now);
  /// Nothing was heard for so long that two pings went unanswered.
  bool is_silent(Moment now) const { return now.steady - heard_ >= silence_limit; }
  LinkStatus status() const;

  static constexpr std::chrono::seconds ping_interval{5};
  static constexpr std::chrono::seconds silence_limit{12};
  static constexpr std::chrono::milliseconds have_interval{100};
  static constexpr std::size_t fetches_max = 16;
  static constexpr std::size_t probes_max = 256;

 private:
  friend class Mesh;

  struct Peer {
    std::uint64_t floor = 1;  ///< What the peer can give: floor..last.
    std::uint64_t last = 0;
    std::uint64_t given = 0;         ///< What it has or will have by what was written.
    std::uint64_t acknowledged = 0;  ///< What it said that it has.
  };
  struct Fetch {
    std::uint32_t request = 0;
    SeqRange range;
    std::uint64_t arrival = 0;  ///< Where to look on.
  };
  struct Roster {
    std::uint64_t as_of = 0;
    std::vector<Person> people;
  };

  // What the mesh has the link tell.
  void facts_changed(LogId log) { facts_due_.insert(log); }
  void have_changed(LogId log, bool urgent);
  void want(LogId log, std::uint64_t after);
  void want_roster(LogId log);
  void send_probe(std::uint16_t type, const Probe& probe);
  void send_fetch(std::uint32_t request, const SeqRange& range);
  void forget(LogId log);
  /// A peer is one relay. Errc::refused.
  Status check_own(const RelayFacts& facts);
  const Peer* find(LogId log) const;

  // link_hear.cpp
  Status hear_relay(const wire::Frame& frame, Moment now);
  Status hear_have(const wire::Frame& frame, Moment now);
  Status hear_bundle(const wire::Frame& frame, Moment now);
  Status hear_gap(const wire::Frame& frame);
  Status hear_want(const wire::Frame& frame);
  Status hear_roster(const wire::Frame& frame);
  Status hear_want_roster(const wire::Frame& frame);
  Status hear_fetch(const wire::Frame& frame);
  Status hear_fetched(const wire::Frame& frame);
  Status hear_probe(const wire::Frame& frame, Moment now);
  Status hear_ping(const wire::Frame& frame);
  void hear_pong(const wire::Frame& frame, Moment now);

  // link_machine.cpp; each false: `limit` is reached.
  bool fill_facts(std::string& out, std::size_t limit);
  bool fill_haves(std::string& out, std::size_t limit, Moment now);
  bool fill_requests(std::string& out, std::size_t limit, Moment now);
  bool fill_rosters(std::string& out, std::size_t limit);
  bool fill_fetched(std::string& out, std::size_t limit);
  bool fill_bundles(std::string& out, std::size_t limit);
  void append_relay(std::string& out, LogId log);
  void append_gap(std::string& out, const SeqRange& range);

  Mesh& mesh_;
  std::string peer_name_;
  std::unordered_map<LogId, Peer> peers_;
  std::map<LogId, std::uint64_t> dropped_;  ///< Its bundles behind holes; the first one of each.
  std::uint64_t cursor_ = 0;                ///< In the backlog.
  bool ready_ = false;                      ///< The peer said all that it has.
  bool told_all_ = false;                   ///< And we did.
  std::optional<LogId> own_;                ///< The peer's log.

  std::set<LogId> told_;  ///< The peer was told of these runs.
  std::set<LogId> facts_due_;
  std::set<LogId> haves_due_;
  bool have_is_urgent_ = false;
  Instant have_told_{0};
  std::map<LogId, std::uint64_t> wants_due_;
  std::map<LogId, SeqRange> gaps_due_;
  std::set<LogId> roster_wants_due_;
  std::set<LogId> rosters_asked_;  ///< By us, so that the answer is taken.
  std::map<LogId, Roster> rosters_;
  std::set<LogId> rosters_due_;            ///< The peer asked for them.
  std::deque<std::string> roster_frames_;  ///< Of one roster at a time.
  std::deque<Fetch> fetches_;              ///< The peer's.
  std::deque<std::string> requests_;       ///< Whole frames: probes and fetches.
  std::optional<std::string> pong_due_;
  std::optional<std::pair<std::uint64_t, Instant>> pinged_;
  std::uint64_t ping_number_ = 0;
  Instant ping_due_{0};
  Instant heard_{0};

  std::chrono::nanoseconds delay_{0};
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t duplicates_ = 0;
};

}  // namespace netkit::relay
