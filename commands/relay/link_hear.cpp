// What a link hears. Everything that a peer can make this relay keep is bounded by the logs that
// are known or by a number; all else ends the link.
#include <algorithm>
#include <utility>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "commands/relay/link_machine.hpp"
#include "wire/fields.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t reason_size_max = 256;

Error malformed(std::string why) {
  return Error{Errc::malformed, "understand the relay", std::move(why)};
}

}  // namespace

Status LinkMachine::hear(const wire::Frame& frame, Moment now) {
  heard_ = now.steady;
  switch (frame.type) {
    case wire::frame_type::ping: return hear_ping(frame);
    case wire::frame_type::pong: hear_pong(frame, now); return ok;
    case wire::frame_type::goodbye: return Error{Errc::closed, "go on with the relay"};
    case wire::frame_type::error:
      return Error{Errc::refused, "go on with the relay",
                   escape_for_display(utf8_prefix(frame.body, reason_size_max))};
    case link_type::relay: return hear_relay(frame, now);
    case link_type::have: return hear_have(frame, now);
    case link_type::bundle: return hear_bundle(frame, now);
    case link_type::gap: return hear_gap(frame);
    case link_type::want: return hear_want(frame);
    case link_type::roster: return hear_roster(frame);
    case link_type::want_roster: return hear_want_roster(frame);
    case link_type::fetch: return hear_fetch(frame);
    case link_type::fetched: return hear_fetched(frame);
    case link_type::probe:
    case link_type::probe_answer: return hear_probe(frame, now);
    default: break;
  }
  return malformed("a message of type " + std::to_string(frame.type) + " has no place on a link");
}

Status LinkMachine::hear_relay(const wire::Frame& frame, Moment now) {
  Result<RelayFacts> facts = decode_facts(frame.body);
  if (!facts) return facts.error();
  facts->away = (frame.flags & flag_away) != 0;
  return mesh_.learn_from(*std::move(facts), this, now);
}

Status LinkMachine::check_own(const RelayFacts& facts) {
  const bool lives = !facts.away && !facts.signature.empty();
  if (facts.hops > 0 || !lives) return ok;
  if (!own_) own_ = facts.log;
  if (*own_ == facts.log) return ok;
  return Error{Errc::refused, "take relay " + facts.name, "the link is of another relay"};
}

Status LinkMachine::hear_have(const wire::Frame& frame, Moment now) {
  const auto entries = decode_have(frame.body);
  if (!entries) return entries.error();
  for (const HaveEntry& entry : *entries) {
    // Of a log that is unknown here there is nothing to give and nothing to be asked.
    if (!mesh_.find_log(entry.log)) continue;
    if (Status heard = mesh_.hear_have(entry, now.steady); !heard) return heard.error();
    Peer& peer = peers_[entry.log];
    peer.floor = entry.floor;
    peer.last = std::max(peer.last, entry.last);
    peer.given = std::max(peer.given, entry.last);
    peer.acknowledged = std::max(peer.acknowledged, entry.last);
  }
  if (!ready_ && (frame.flags & flag_more) == 0) {
    ready_ = true;
    mesh_.due();
  }
  return ok;
}

Status LinkMachine::hear_bundle(const wire::Frame& frame, Moment now) {
  Result<Bundle> bundle = parse_bundle(std::string{frame.body});
  if (!bundle) return bundle.error();
  const LogId log = bundle->log;
  const std::uint64_t last = bundle->last;
  const std::uint64_t count = last - bundle->first + 1;
  const Result<std::uint64_t> taken = mesh_.take_from(*std::move(bundle), this, now);
  if (!taken) return taken.error();
  received_ += *taken;
  duplicates_ += dropped_.contains(log) ? 0 : count - *taken;
  if (!mesh_.find_log(log)) return ok;
  Peer& peer = peers_[log];
  peer.last = std::max(peer.last, last);
  peer.given = std::max(peer.given, last);
  return ok;
}

Status LinkMachine::hear_gap(const wire::Frame& frame) {
  const auto range = decode_gap(frame.body);
  if (!range) return range.error();
  if (!mesh_.find_log(range->log)) return ok;
  Peer& peer = peers_[range->log];
  peer.floor = std::max(peer.floor, range->to + 1);
  return ok;
}

Status LinkMachine::hear_want(const wire::Frame& frame) {
  const auto range = decode_want(frame.body);
  if (!range) return range.error();
  const Mesh::Log* const log = mesh_.find_log(range->log);
  if (!log) return ok;
  Peer& peer = peers_[range->log];
  peer.given = std::min(peer.given, range->from - 1);
  cursor_ = 0;
  const HaveEntry have = mesh_.have_of(*log);
  if (range->from < have.floor)
    gaps_due_[range->log] = {.log = range->log, .from = range->from, .to = have.floor - 1};
  mesh_.due();
  return ok;
}

Status LinkMachine::hear_roster(const wire::Frame& frame) {
  auto part = decode_roster(frame.body);
  if (!part) return part.error();
  if (!rosters_asked_.contains(part->log)) return ok;
  Roster& roster = rosters_[part->log];
  if (roster.people.size() + part->people.size() > Mesh::roster_people_max)
    return malformed("it lists too many people");
  roster.as_of = part->as_of;
  std::move(part->people.begin(), part->people.end(), std::back_inserter(roster.people));
  if ((frame.flags & flag_more) != 0) return ok;
  const Roster whole = std::move(roster);
  rosters_.erase(part->log);
  rosters_asked_.erase(part->log);
  mesh_.take_roster(part->log, whole.as_of, whole.people);
  return ok;
}

Status LinkMachine::hear_want_roster(const wire::Frame& frame) {
  const auto log = decode_want_roster(frame.body);
  if (!log) return log.error();
  if (mesh_.find_log(*log)) rosters_due_.insert(*log);
  mesh_.due();
  return ok;
}

Status LinkMachine::hear_fetch(const wire::Frame& frame) {
  const auto fetch = decode_fetch(frame.body);
  if (!fetch) return fetch.error();
  if (fetches_.size() >= fetches_max) return malformed("it asks for too much at once");
  fetches_.push_back({.request = fetch->request, .range = fetch->range, .arrival = 0});
  mesh_.due();
  return ok;
}

Status LinkMachine::hear_fetched(const wire::Frame& frame) {
  wire::FieldReader reader{frame.body};
  const auto request = reader.number<std::uint32_t>();
  if (reader.failed()) return malformed("an answer has no number");
  std::optional<Bundle> bundle;
  if (reader.left() > 0) {
    Result<Bundle> parsed = parse_bundle(std::string{reader.rest()});
    if (!parsed) return parsed.error();
    bundle = *std::move(parsed);
  }
  mesh_.hear_fetched(request, *this, std::move(bundle));
  return ok;
}

Status LinkMachine::hear_probe(const wire::Frame& frame, Moment now) {
  Result<Probe> probe = decode_probe(frame.body);
  if (!probe) return probe.error();
  if (frame.type == link_type::probe)
    mesh_.hear_probe(*this, *std::move(probe), now);
  else
    mesh_.hear_probe_answer(*probe, now);
  return ok;
}

Status LinkMachine::hear_ping(const wire::Frame& frame) {
  if (frame.body.size() > ping_size_max) return malformed("a ping is too long");
  pong_due_ = frame.body;
  mesh_.due();
  return ok;
}

void LinkMachine::hear_pong(const wire::Frame& frame, Moment now) {
  std::string expected;
  if (!pinged_) return;
  append_be(expected, pinged_->first);
  if (frame.body != expected) return;
  delay_ = now.steady - pinged_->second;
  pinged_.reset();
}

}  // namespace netkit::relay
