// The logs of all relays as this one has them: takes what is new from whoever brings it, keeps a
// bounded backlog, and tells links what their peers lack. Pure: no sockets, no clock; its owner
// calls it from one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "commands/relay/backlog.hpp"
#include "commands/relay/bundle.hpp"
#include "commands/relay/link_messages.hpp"
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

class Mesh {
 public:
  /// What happens while one of the mesh's functions runs.
  class Hearer {
   public:
    virtual ~Hearer() = default;
    /// A record of another relay, once for each number of its sender and in that order. The roster
    /// has taken it already, but for leave, part and nick, which it takes right after: so it still
    /// says what they change.
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
    /// Who is where changed in another way than by a record: a relay's people came as a whole, or
    /// its run is over for good.
    virtual void roster_changed() {}
  };

  Mesh(MeshSettings settings, LogKey key, Hearer& hearer, Moment now);
  ~Mesh();
  Mesh(const Mesh&) = delete;
  Mesh& operator=(const Mesh&) = delete;

  LogId log() const { return key_.log(); }
  const std::string& name() const { return settings_.name; }
  /// The last record of this relay's own log.
  std::uint64_t last() const { return own_->facts.last; }
  const Roster& roster() const { return roster_; }
  Senders& senders() { return senders_; }
  /// The relay that a log is of: its name, or the beginning of the log's id.
  std::string relay_name(LogId log) const;
  std::vector<RelayFacts> relays() const;
  std::optional<RelayFacts> facts_of(LogId log) const;
  /// Where each log stands here: all that was delivered or given up.
  Vector have() const;

  bool has_links() const { return !links_.empty(); }

  /// Adds to this relay's own log; the roster takes it, deliver() is not called. What was said is
  /// numbered by the sender already and was asked about by Senders::take_own().
  RecordId add(const Record& record);
  /// Signs what was added since and tells keep(); links and the store need it so. Without either
  /// it need not be called: the backlog stays bounded all the same.
  void seal();
  /// What the store kept of earlier runs, in the order it was kept, before any link: records go to
  /// deliver(). `facts` names the log and its key.
  Status restore(const RelayFacts& facts, Bundle bundle, Moment now);

  /// Beats, held records, holes that nobody fills: at least each 100 ms.
  void tick(Moment now);
  /// For whoever brings bundles by another way than a link (a store that several relays share).
  /// Errc::malformed for what is forged; holes are waited for like those of a link.
  Status take(Bundle bundle, Moment now);
  /// The facts of a log from there.
  Status learn(const RelayFacts& facts, Moment now);

  /// Relays whose people a store should be asked for, since no link can be; each only now and then.
  std::vector<LogId> rosters_due(Moment now);
  /// Who is at that relay, as of that record of its log, from a store.
  void learn_roster(LogId log, std::uint64_t as_of, std::vector<Person> people) {
    take_roster(log, as_of, std::move(people));
  }

  /// Bundles that hold any of those records of the backlog, oldest first.
  std::vector<Bundle> find(LogId log, std::uint64_t from, std::uint64_t to) const;

  /// Asks a linked relay that has them for records which are gone from the backlog here. `done` is
  /// called once, with what came within fetch_limit, oldest first, perhaps before this ends.
  using Fetched = std::function<void(std::vector<Bundle> bundles)>;
  void fetch(LogId log, std::uint64_t from, std::uint64_t to, Fetched done, Moment now);
  /// Not as many are under way as others take.
  bool may_fetch() const { return fetches_.size() < fetches_max; }

  /// Asks all relays which ways lead to them. The number is for probe_paths().
  std::uint64_t probe(Moment now);
  /// The answers so far; kept of the last probes_max probes.
  std::vector<ProbePath> probe_paths(std::uint64_t probe) const;

  /// How many records of others came again.
  std::uint64_t duplicates() const { return duplicates_; }
  /// Records in the backlog.
  std::size_t backlog() const { return backlog_.records(); }

  static constexpr std::chrono::seconds beat_interval{5};
  static constexpr std::chrono::seconds beat_interval_min{1};  ///< Of others.
  static constexpr std::chrono::seconds away_limit{15};
  static constexpr std::chrono::seconds hole_limit{10};  ///< For a link that says it can fill it.
  static constexpr std::chrono::seconds hole_grace{1};   ///< For links that may still come up.
  static constexpr std::chrono::seconds want_interval{3};
  static constexpr std::chrono::seconds want_interval_max{60};
  static constexpr std::chrono::seconds fetch_limit{5};
  /// A link whose peer asks for sixteen at once is closed, also where it gave up some of them.
  static constexpr std::size_t fetches_max = 5;
  static constexpr std::size_t logs_max = 4'096;
  /// Of these, those that one link alone tells of: near ones that live, as many far ones, and all.
  static constexpr std::size_t link_relays_max = 256;
  static constexpr std::size_t link_logs_max = 1'024;
  static constexpr std::size_t probes_max = 16;
  static constexpr std::size_t probe_paths_max = 4'096;
  static constexpr std::size_t probes_per_second_max = 20;
  static constexpr std::size_t parked_max = 1'024;
  static constexpr std::size_t parked_size_max = 16 * 1024 * 1024;
  static constexpr std::size_t roster_people_max = 64 * 1024;  ///< Of one log, from a link.
  static constexpr std::uint64_t clock_ahead_max_ms = 24 * 3'600'000;

 private:
  friend class LinkMachine;

  struct Log {
    RelayFacts facts;
    std::uint64_t floor = 1;      ///< floor..last of it lie in the backlog.
    std::uint64_t roster_at = 0;  ///< The roster is right as of this record, if nothing is missing.
    Instant heard{0};             ///< Its last beat.
    bool away_told = false;
    LinkMachine* only_by = nullptr;  ///< The one link that tells of it, if there is but one.
    Instant progress{0};             ///< When a record of it was last taken, or asked for again.
    std::optional<Instant> hole_since;
    Instant want_wait = want_interval;
    std::size_t turn = 0;  ///< Which link is asked next.
    Instant roster_asked{0};
    std::size_t roster_turn = 0;
  };
  struct Pending {
    std::uint64_t first = 0;
    std::uint16_t count = 0;
    std::string bytes;
  };
  struct SeenProbe {
    std::uint64_t id = 0;
    bool own = false;
    Instant since{0};
    LinkMachine* from = nullptr;
    std::vector<ProbePath> paths;
  };
  struct OpenFetch {
    LinkMachine* link = nullptr;
    SeqRange range;
    Instant until{0};
    std::vector<Bundle> bundles;
    std::size_t size = 0;
    Fetched done;
  };

  // mesh_logs.cpp
  Log* find_log(LogId log);
  /// nullptr: that log is older than what was forgotten. Errc::too_large when all are in use.
  Result<Log*> log_for(const RelayFacts& facts, Moment now);
  Status make_room(std::uint64_t wall_ms);
  Status learn_from(RelayFacts facts, LinkMachine* from, Moment now);
  /// Whether that is taken from a link, too: it is not to blame for what it passes on.
  bool may_bring(const RelayFacts& facts, const LinkMachine& from) const;
  void take_facts(Log& log, RelayFacts facts, LinkMachine* from, Instant now);
  void hear_of(Log& log, Instant now);
  void come_back(Log& log);
  void beat();
  void check_away(Instant now);
  /// Another run of a relay called the same that is not away.
  const Log* newer_run(const Log& of) const;

  // mesh_take.cpp
  /// How many of its records were new.
  Result<std::uint64_t> take_from(Bundle bundle, LinkMachine* from, Moment now);
  void repeated(std::uint64_t records, Log& log, LinkMachine* from);
  bool is_hole_over(const Log& log, Instant now) const;
  bool is_before_us(const Log& log) const;
  void note_hole(Log& log, Bundle bundle, LinkMachine* from, Instant now);
  Result<std::uint64_t> accept(Log& log, Bundle bundle, LinkMachine* from, Instant now);
  Status decode(const Bundle& bundle);
  void give_up(Log& log, std::uint64_t to);
  void deliver_new(Log& log, const Bundle& bundle, std::uint64_t from, Instant now);
  void deliver_one(const Record& record, RecordId id, Instant now);
  void apply_and_deliver(const Record& record, RecordId id);
  void let_go_late(Instant now);
  /// What was restored waits for nothing any more.
  void end_restoring();
  void push(Bundle bundle);
  void tell_progress(Log& log, const Bundle& bundle, LinkMachine* from);
  void park(Bundle bundle);
  void unpark(Moment now);

  // mesh_wants.cpp
  bool is_covered(const Log& log) const;
  bool is_parked(LogId log) const;
  void check_lagging(Instant now);
  bool is_anybody_ahead(const Log& log) const;
  void want_again(Log& log, Instant now);
  LinkMachine* whom_to_ask(Log& log, bool hole_is_over);
  bool is_roster_whole(const Log& log) const;
  bool needs_roster(const Log& log, Instant now) const;
  void ask_rosters(Instant now);
  void take_roster(LogId id, std::uint64_t as_of, std::vector<Person> people);
  /// What others can have of a log.
  HaveEntry have_of(const Log& log) const;
  /// Of a peer. Errc::malformed for what cannot be.
  Status hear_have(const HaveEntry& entry, Instant now);

  // mesh_ask.cpp
  void hear_probe(LinkMachine& link, Probe probe, Moment now);
  void hear_probe_answer(const Probe& probe, Moment now);
  SeenProbe* seen_probe(std::uint64_t id);
  bool may_pass_probe(Instant now);
  void hear_fetched(std::uint32_t request, const LinkMachine& link, std::optional<Bundle> bundle);
  void check_fetches(Instant now);
  void end_fetch(std::map<std::uint32_t, OpenFetch>::iterator fetch);

  void add_link(LinkMachine& link);
  void remove_link(LinkMachine& link);
  void due() { hearer_.links_due(); }

  MeshSettings settings_;
  LogKey key_;
  Hearer& hearer_;
  std::uint64_t started_ms_;
  Roster roster_;
  Senders senders_;
  std::unordered_map<LogId, Log> logs_;
  Log* own_;
  std::uint64_t own_roster_ = 0;            // The last own record that changed who is here.
  std::uint64_t forgotten_started_ms_ = 0;  // No unknown log that is as old is taken.
  Backlog backlog_;
  std::deque<Pending> pending_;
  std::size_t pending_records_ = 0;
  std::size_t pending_bytes_ = 0;
  std::uint64_t sealed_ = 0;  // The own log up to here is signed.
  std::uint64_t acknowledged_ = 0;
  std::vector<LinkMachine*> links_;
  std::set<LogId> lagging_;  // Some link has more of them than this relay.
  std::map<std::pair<LogId, std::uint64_t>, Bundle> parked_;  // Behind a hole, from a store.
  std::size_t parked_size_ = 0;
  std::vector<Record> decoded_;  // Of the bundle being taken.
  bool restoring_ = false;
  Instant beat_due_{0};
  Instant checked_{0};
  std::uint64_t duplicates_ = 0;
  std::deque<SeenProbe> probes_;
  std::uint64_t probe_number_ = 0;
  Instant probes_since_{0};
  std::size_t probes_passed_ = 0;
  std::map<std::uint32_t, OpenFetch> fetches_;
  std::uint32_t fetch_number_ = 0;
};

}  // namespace netkit::relay
