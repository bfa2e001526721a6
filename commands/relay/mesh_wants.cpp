// What this relay lacks and others may have: records that do not come, holes, and who is there.
#include <algorithm>
#include <utility>

#include "commands/relay/link_machine.hpp"
#include "commands/relay/mesh.hpp"

namespace netkit::relay {
namespace {

constexpr std::chrono::seconds roster_interval{2};

}  // namespace

HaveEntry Mesh::have_of(const Log& log) const {
  const std::uint64_t last = &log == own_ ? sealed_ : log.facts.last;
  return {.log = log.facts.log, .floor = std::min(log.floor, last + 1), .last = last};
}

Status Mesh::hear_have(const HaveEntry& entry, Instant now) {
  Log* const log = find_log(entry.log);
  if (!log) return ok;
  if (log == own_) {
    if (entry.last > sealed_)
      return Error{Errc::malformed, "hear what a relay has",
                   "it says to have what this relay never made"};
    if (entry.last > acknowledged_) hearer_.acknowledged(acknowledged_ = entry.last);
    return ok;
  }
  if (entry.last > log->facts.last && lagging_.insert(entry.log).second) log->progress = now;
  return ok;
}

bool Mesh::is_covered(const Log& log) const {
  const std::uint64_t next = log.facts.last + 1;
  return std::any_of(links_.begin(), links_.end(), [&](const LinkMachine* link) {
    const LinkMachine::Peer* const peer = link->find(log.facts.log);
    return peer && peer->floor <= next && peer->last >= next;
  });
}

bool Mesh::is_anybody_ahead(const Log& log) const {
  return std::any_of(links_.begin(), links_.end(), [&](const LinkMachine* link) {
    const LinkMachine::Peer* const peer = link->find(log.facts.log);
    return (peer && peer->last > log.facts.last) || link->dropped_.contains(log.facts.log);
  });
}

bool Mesh::is_parked(LogId log) const {
  const auto at = parked_.lower_bound({log, 0});
  return at != parked_.end() && at->first.first == log;
}

void Mesh::check_lagging(Instant now) {
  for (auto at = lagging_.begin(); at != lagging_.end();) {
    Log* const log = find_log(*at);
    if (!log || !is_anybody_ahead(*log)) {
      if (log && !is_parked(*at)) log->hole_since.reset();
      at = lagging_.erase(at);
      continue;
    }
    const Instant wait = log->hole_since ? Instant{hole_grace} : log->want_wait;
    if (now - log->progress >= wait) want_again(*log, now);
    ++at;
  }
}

void Mesh::want_again(Log& log, Instant now) {
  log.progress = now;
  log.want_wait = std::min(log.want_wait * 2, Instant{want_interval_max});
  const bool hole_is_over = is_hole_over(log, now);
  if (LinkMachine* const link = whom_to_ask(log, hole_is_over))
    link->want(log.facts.log, log.facts.last);
}

LinkMachine* Mesh::whom_to_ask(Log& log, bool hole_is_over) {
  const LogId id = log.facts.log;
  const std::uint64_t next = log.facts.last + 1;
  LinkMachine* best = nullptr;
  int best_rank = 0;
  // In turn, so that one that says to have what it never gives is not asked for ever.
  ++log.turn;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    LinkMachine* const link = links_[(i + log.turn) % links_.size()];
    const LinkMachine::Peer* const peer = link->find(id);
    const bool covers = peer && peer->floor <= next && peer->last >= next;
    const bool is_ahead = (peer && peer->last >= next) || link->dropped_.contains(id);
    const int rank = covers ? (hole_is_over ? 1 : 3) : is_ahead ? 2 : 0;
    if (rank <= best_rank) continue;
    best = link;
    best_rank = rank;
  }
  return best;
}

bool Mesh::is_roster_whole(const Log& log) const {
  return &log == own_ || log.roster_at >= log.facts.last;
}

bool Mesh::needs_roster(const Log& log, Instant now) const {
  if (&log == own_ || log.facts.away) return false;
  if (!is_roster_whole(log)) return true;
  // The relay says that people came and went in records that nobody can give any more.
  const bool is_behind = log.facts.roster > log.roster_at;
  return is_behind && now - log.progress >= roster_interval && !is_covered(log);
}

void Mesh::ask_rosters(Instant now) {
  if (links_.empty()) return;
  for (auto& [id, log] : logs_) {
    if (now - log.roster_asked < roster_interval || !needs_roster(log, now)) continue;
    log.roster_asked = now;
    links_[log.roster_turn++ % links_.size()]->want_roster(id);
  }
}

std::vector<LogId> Mesh::rosters_due(Moment now) {
  std::vector<LogId> due;
  if (!links_.empty()) return due;
  for (auto& [id, log] : logs_) {
    if (now.steady - log.roster_asked < roster_interval || !needs_roster(log, now.steady)) continue;
    log.roster_asked = now.steady;
    due.push_back(id);
  }
  return due;
}

void Mesh::take_roster(LogId id, std::uint64_t as_of, std::vector<Person> people) {
  Log* const log = find_log(id);
  if (!log || log == own_ || as_of <= log->roster_at) return;
  // What came since must still be here to be put on top.
  const std::uint64_t have = log->facts.last;
  if (as_of < have && log->floor > as_of + 1) return;
  roster_.replace(id, std::move(people));
  std::uint64_t at = 0;
  for (; const Bundle* const next = backlog_.next(at); ++at) {
    const Bundle& bundle = *next;
    if (bundle.log != id || bundle.last <= as_of || !decode(bundle)) continue;
    for (std::uint64_t seq = std::max(bundle.first, as_of + 1); seq <= bundle.last; ++seq)
      roster_.apply(id, decoded_[seq - bundle.first]);
  }
  log->roster_at = std::max(have, as_of);
  hearer_.roster_changed();
}

}  // namespace netkit::relay
