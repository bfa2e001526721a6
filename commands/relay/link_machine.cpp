// What a link sends: first who there is and what is had, then what the peer asked for, then what it
// lacks. What it hears is in link_hear.cpp.
#include "commands/relay/link_machine.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace netkit::relay {
namespace {

using wire::append_frame;

}  // namespace

LinkMachine::LinkMachine(Mesh& mesh, std::string peer, Moment now)
    : mesh_{mesh}, peer_name_{std::move(peer)}, ping_due_{now.steady}, heard_{now.steady} {
  for (const auto& [id, log] : mesh.logs_) {
    haves_due_.insert(id);
    // A run that is over and left nothing here is of no use to the peer.
    if (!log.facts.away || log.floor <= log.facts.last) facts_due_.insert(id);
  }
  mesh.add_link(*this);
}

LinkMachine::~LinkMachine() {
  mesh_.remove_link(*this);
}

LinkStatus LinkMachine::status() const {
  const Peer* const peer = find(mesh_.log());
  return {.peer = peer_name_,
          .delay = delay_,
          .sent = sent_,
          .received = received_,
          .duplicates = duplicates_,
          .behind = mesh_.last() - (peer ? peer->acknowledged : 0)};
}

const LinkMachine::Peer* LinkMachine::find(LogId log) const {
  const auto at = peers_.find(log);
  return at == peers_.end() ? nullptr : &at->second;
}

void LinkMachine::have_changed(LogId log, bool urgent) {
  haves_due_.insert(log);
  have_is_urgent_ |= urgent;
}

void LinkMachine::want(LogId log, std::uint64_t after) {
  dropped_.erase(log);
  wants_due_[log] = after;
  mesh_.due();
}

void LinkMachine::want_roster(LogId log) {
  roster_wants_due_.insert(log);
  rosters_asked_.insert(log);
  rosters_.erase(log);
}

void LinkMachine::send_probe(std::uint16_t type, const Probe& probe) {
  if (requests_.size() >= probes_max) return;
  std::string body;
  append_probe(body, probe);
  append_frame(requests_.emplace_back(), {.type = type, .body = body});
}

void LinkMachine::send_fetch(std::uint32_t request, const SeqRange& range) {
  std::string body;
  append_be(body, request);
  append_be(body, range.log);
  append_be(body, range.from);
  append_be(body, range.to);
  append_frame(requests_.emplace_back(), {.type = link_type::fetch, .body = body});
}

void LinkMachine::forget(LogId log) {
  peers_.erase(log);
  dropped_.erase(log);
  told_.erase(log);
  facts_due_.erase(log);
  haves_due_.erase(log);
  wants_due_.erase(log);
  gaps_due_.erase(log);
  roster_wants_due_.erase(log);
  rosters_asked_.erase(log);
  rosters_.erase(log);
  rosters_due_.erase(log);
}

bool LinkMachine::fill(std::string& out, std::size_t size_max, Moment now) {
  const std::size_t limit = out.size() + size_max;
  return !(fill_requests(out, limit, now) && fill_facts(out, limit) &&
           fill_haves(out, limit, now) && fill_rosters(out, limit) && fill_fetched(out, limit) &&
           fill_bundles(out, limit));
}

bool LinkMachine::fill_facts(std::string& out, std::size_t limit) {
  while (!facts_due_.empty()) {
    if (out.size() >= limit) return false;
    const LogId log = *facts_due_.begin();
    facts_due_.erase(facts_due_.begin());
    append_relay(out, log);
  }
  return true;
}

void LinkMachine::append_relay(std::string& out, LogId log) {
  const Mesh::Log* const known = mesh_.find_log(log);
  if (!known) return;
  std::string body;
  append_facts(body, known->facts);
  const std::uint16_t flags = known->facts.away ? flag_away : std::uint16_t{0};
  append_frame(out, {.type = link_type::relay, .flags = flags, .body = body});
  told_.insert(log);
}

bool LinkMachine::fill_haves(std::string& out, std::size_t limit, Moment now) {
  if (haves_due_.empty()) return true;
  const bool is_due =
      !told_all_ || have_is_urgent_ || now.steady - have_told_ >= Instant{have_interval};
  if (!is_due) return true;
  while (!haves_due_.empty()) {
    if (out.size() >= limit) return false;
    std::string body;
    for (std::size_t i = 0; i < have_entries_max && !haves_due_.empty(); ++i) {
      if (const Mesh::Log* const log = mesh_.find_log(*haves_due_.begin()))
        append_have(body, mesh_.have_of(*log));
      haves_due_.erase(haves_due_.begin());
    }
    const bool more = !told_all_ && !haves_due_.empty();
    append_frame(
        out, {.type = link_type::have, .flags = more ? flag_more : std::uint16_t{0}, .body = body});
  }
  told_all_ = true;
  have_is_urgent_ = false;
  have_told_ = now.steady;
  return true;
}

bool LinkMachine::fill_requests(std::string& out, std::size_t limit, Moment now) {
  if (pong_due_) {
    append_frame(out, {.type = wire::frame_type::pong, .body = *pong_due_});
    pong_due_.reset();
  }
  if (now.steady >= ping_due_) {
    std::string body;
    append_be(body, ++ping_number_);
    append_frame(out, {.type = wire::frame_type::ping, .body = body});
    pinged_ = {ping_number_, now.steady};
    ping_due_ = now.steady + ping_interval;
  }
  for (; !requests_.empty(); requests_.pop_front()) {
    if (out.size() >= limit) return false;
    out += requests_.front();
  }
  for (; !wants_due_.empty(); wants_due_.erase(wants_due_.begin())) {
    if (out.size() >= limit) return false;
    std::string body;
    append_be(body, wants_due_.begin()->first);
    append_be(body, wants_due_.begin()->second);
    append_frame(out, {.type = link_type::want, .body = body});
  }
  for (; !gaps_due_.empty(); gaps_due_.erase(gaps_due_.begin())) {
    if (out.size() >= limit) return false;
    append_gap(out, gaps_due_.begin()->second);
  }
  for (; !roster_wants_due_.empty(); roster_wants_due_.erase(roster_wants_due_.begin())) {
    if (out.size() >= limit) return false;
    std::string body;
    append_be(body, *roster_wants_due_.begin());
    append_frame(out, {.type = link_type::want_roster, .body = body});
  }
  return true;
}

void LinkMachine::append_gap(std::string& out, const SeqRange& range) {
  std::string body;
  append_be(body, range.log);
  append_be(body, range.from);
  append_be(body, range.to);
  append_frame(out, {.type = link_type::gap, .body = body});
}

bool LinkMachine::fill_rosters(std::string& out, std::size_t limit) {
  while (true) {
    for (; !roster_frames_.empty(); roster_frames_.pop_front()) {
      if (out.size() >= limit) return false;
      out += roster_frames_.front();
    }
    if (rosters_due_.empty()) return true;
    const LogId id = *rosters_due_.begin();
    rosters_due_.erase(rosters_due_.begin());
    const Mesh::Log* const log = mesh_.find_log(id);
    // Who has no whole picture leaves the answer to others.
    if (!log || !mesh_.is_roster_whole(*log)) continue;
    std::vector<const Person*> people;
    mesh_.roster_.each_at(id, [&](const Person& person) {
      if (people.size() < Mesh::roster_people_max) people.push_back(&person);
    });
    const std::uint64_t as_of = log == mesh_.own_ ? mesh_.last() : log->roster_at;
    std::vector<std::string> frames;
    append_roster(frames, id, as_of, people);
    for (std::string& frame : frames)
      roster_frames_.push_back(std::move(frame));
  }
}

bool LinkMachine::fill_fetched(std::string& out, std::size_t limit) {
  for (; !fetches_.empty(); fetches_.pop_front()) {
    Fetch& fetch = fetches_.front();
    std::string body;
    while (const Bundle* const bundle = mesh_.backlog_.next(fetch.arrival)) {
      if (out.size() >= limit) return false;
      ++fetch.arrival;
      if (bundle->log != fetch.range.log || bundle->last < fetch.range.from ||
          bundle->first > fetch.range.to)
        continue;
      body.clear();
      append_be(body, fetch.request);
      body += *bundle->bytes;
      append_frame(out, {.type = link_type::fetched, .body = body});
    }
    body.clear();
    append_be(body, fetch.request);
    append_frame(out, {.type = link_type::fetched, .body = body});
  }
  return true;
}

bool LinkMachine::fill_bundles(std::string& out, std::size_t limit) {
  // Before the peer has said what it has, most would come to it twice.
  if (!ready_) return true;
  for (; const Bundle* const next = mesh_.backlog_.next(cursor_); ++cursor_) {
    const Bundle& bundle = *next;
    Peer& peer = peers_[bundle.log];
    if (peer.given >= bundle.last) continue;
    if (out.size() >= limit) return false;
    if (!told_.contains(bundle.log)) append_relay(out, bundle.log);
    if (!told_.contains(bundle.log)) continue;  // It was forgotten.
    if (bundle.first > peer.given + 1)
      append_gap(out, {.log = bundle.log, .from = peer.given + 1, .to = bundle.first - 1});
    append_frame(out, {.type = link_type::bundle, .body = *bundle.bytes});
    sent_ += bundle.last - std::max(bundle.first - 1, peer.given);
    peer.given = bundle.last;
  }
  return true;
}

}  // namespace netkit::relay
