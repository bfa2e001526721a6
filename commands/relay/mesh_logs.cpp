// Which runs of relays there are, how they are told apart from what is forged, and which are away.
#include <algorithm>
#include <tuple>
#include <utility>

#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "commands/relay/link_machine.hpp"
#include "commands/relay/mesh.hpp"

namespace netkit::relay {

Mesh::Log* Mesh::find_log(LogId log) {
  const auto at = logs_.find(log);
  return at == logs_.end() ? nullptr : &at->second;
}

std::string Mesh::relay_name(LogId log) const {
  if (const auto at = logs_.find(log); at != logs_.end()) return at->second.facts.name;
  std::string id;
  append_be(id, log);
  return to_hex(id).substr(0, 8);
}

std::optional<RelayFacts> Mesh::facts_of(LogId log) const {
  const auto at = logs_.find(log);
  return at == logs_.end() ? std::nullopt : std::optional{at->second.facts};
}

std::vector<RelayFacts> Mesh::relays() const {
  std::vector<RelayFacts> relays;
  relays.reserve(logs_.size());
  for (const auto& [id, log] : logs_)
    relays.push_back(log.facts);
  const auto before = [](const RelayFacts& left, const RelayFacts& right) {
    return std::tuple{left.hops != 0, std::string_view{left.name}, left.started_ms, left.log} <
           std::tuple{right.hops != 0, std::string_view{right.name}, right.started_ms, right.log};
  };
  std::sort(relays.begin(), relays.end(), before);
  return relays;
}

Result<Mesh::Log*> Mesh::log_for(const RelayFacts& facts, Moment now) {
  if (Log* const log = find_log(facts.log)) return log;
  if (forgotten_started_ms_ != 0 && facts.started_ms <= forgotten_started_ms_)
    return static_cast<Log*>(nullptr);
  if (Status made = make_room(now.wall_ms); !made) return made.error();
  Log& log = logs_[facts.log];
  log.facts = facts;
  log.facts.last = 0;
  log.facts.signature.clear();
  log.facts.away = true;
  log.heard = now.steady;
  for (LinkMachine* const link : links_)
    link->have_changed(facts.log, false);
  return &log;
}

Status Mesh::make_room(std::uint64_t wall_ms) {
  if (logs_.size() < logs_max) return ok;
  auto oldest = logs_.end();
  for (auto at = logs_.begin(); at != logs_.end(); ++at)
    if (at->second.facts.away && (oldest == logs_.end() || at->second.heard < oldest->second.heard))
      oldest = at;
  if (oldest == logs_.end())
    return Error{Errc::too_large, "take another relay",
                 std::to_string(logs_max) + " are known and none of them is away"};
  // What was forgotten must not be delivered again as if it were new. A start in the future, which
  // may be made up, keeps nobody out.
  const std::uint64_t started_ms = std::min(oldest->second.facts.started_ms, wall_ms);
  forgotten_started_ms_ = std::max(forgotten_started_ms_, started_ms);
  const LogId gone = oldest->first;
  for (LinkMachine* const link : links_)
    link->forget(gone);
  lagging_.erase(gone);
  roster_.forget(gone);
  logs_.erase(oldest);
  hearer_.roster_changed();
  return ok;
}

Status Mesh::learn(const RelayFacts& facts, Moment now) {
  if (log_of(facts.public_key) != facts.log)
    return Error{Errc::malformed, "learn of a relay", "the key is not that log's"};
  return learn_from(facts, nullptr, now);
}

Status Mesh::learn_from(RelayFacts facts, LinkMachine* from, Moment now) {
  if (facts.log == log()) return ok;
  if (facts.started_ms > now.wall_ms + clock_ahead_max_ms) {
    // Whoever passes such facts on is not to blame.
    if (facts.hops > 0) return ok;
    return Error{Errc::refused, "take relay " + facts.name, "its clock is more than a day ahead"};
  }
  Log* const known = find_log(facts.log);
  if (known && known->only_by != from) known->only_by = nullptr;
  const bool is_heard = !facts.signature.empty();
  if (known && known->only_by != from) known->only_by = nullptr;
  // Who beats faster than it should is not checked, nor passed on, each time.
  if (known && !known->facts.away && is_heard && now.steady - known->heard < beat_interval_min)
    return ok;
  const bool is_news =
      !known || (is_heard && (known->facts.signature.empty() || facts.beat > known->facts.beat));
  if (is_news && is_heard && !is_signed(facts))
    return Error{Errc::malformed, "take relay " + facts.name, "its facts are forged"};
  if (!is_news && (from || is_heard)) return ok;
  if (!is_news) {
    hear_of(*known, now.steady);
    return ok;
  }
  if (from) {
    if (Status fits = from->check_own(facts); !fits) return fits;
    if (!may_bring(facts, *from)) return ok;
  }
  const Result<Log*> log = log_for(facts, now);
  if (!log) return log.error();
  if (!*log) return ok;
  if (!known) (*log)->only_by = from;
  take_facts(**log, std::move(facts), from, now.steady);
  return ok;
}

bool Mesh::may_bring(const RelayFacts& facts, const LinkMachine& from) const {
  const auto known = logs_.find(facts.log);
  const bool lives = !facts.away && !facts.signature.empty();
  const bool is_new = known == logs_.end();
  const bool comes_back =
      lives && !is_new && known->second.facts.away && known->second.only_by == &from;
  if (!is_new && !comes_back) return true;
  // What somebody far away makes up must not keep out those that this link's peer is linked to.
  const auto is_far = [](unsigned hops_here) { return hops_here > 2; };
  std::size_t all = 0;
  std::size_t living = 0;
  for (const auto& [id, log] : logs_) {
    if (log.only_by != &from) continue;
    ++all;
    living += !log.facts.away && is_far(log.facts.hops) == is_far(facts.hops + 1) ? 1 : 0;
  }
  return lives ? living < link_relays_max : all < link_logs_max;
}

void Mesh::take_facts(Log& log, RelayFacts facts, LinkMachine* from, Instant now) {
  // Without a signature only whoever shares our store is believed that the relay lives.
  const bool lives = !facts.away && (!facts.signature.empty() || !from);
  facts.hops = std::min(facts.hops, 254u) + 1;
  facts.last = log.facts.last;
  facts.away = log.facts.away;
  if (!facts.signature.empty()) facts.roster = std::max(facts.roster, log.facts.roster);
  log.facts = std::move(facts);
  if (lives) hear_of(log, now);
  for (LinkMachine* const link : links_)
    if (link != from) link->facts_changed(log.facts.log);
  due();
}

void Mesh::hear_of(Log& log, Instant now) {
  log.heard = now;
  if (log.facts.away) come_back(log);
}

void Mesh::come_back(Log& log) {
  log.facts.away = false;
  bool was_told = std::exchange(log.away_told, false);
  // A relay that was started again is back by another run; the people of the old one are gone.
  for (auto& [id, other] : logs_) {
    if (!other.facts.away || other.facts.name != log.facts.name ||
        other.facts.started_ms >= log.facts.started_ms)
      continue;
    was_told |= std::exchange(other.away_told, false);
    roster_.forget(id);
    hearer_.roster_changed();
  }
  if (was_told) hearer_.back(log.facts);
}

void Mesh::beat() {
  RelayFacts& facts = own_->facts;
  ++facts.beat;
  facts.roster = own_roster_;
  facts.signature = sign_facts(key_, facts);
  for (LinkMachine* const link : links_)
    link->facts_changed(facts.log);
}

void Mesh::check_away(Instant now) {
  for (auto& [id, log] : logs_) {
    if (&log == own_ || log.facts.away || now - log.heard < away_limit) continue;
    log.facts.away = true;
    if (newer_run(log)) {
      roster_.forget(id);
      hearer_.roster_changed();
      continue;
    }
    log.away_told = true;
    hearer_.away(log.facts, roster_.count(id));
  }
}

const Mesh::Log* Mesh::newer_run(const Log& of) const {
  for (const auto& [id, log] : logs_)
    if (!log.facts.away && log.facts.name == of.facts.name &&
        log.facts.started_ms > of.facts.started_ms)
      return &log;
  return nullptr;
}

}  // namespace netkit::relay
