// What comes from other relays: what is new of it, holes, and the delivery in order.
#include <algorithm>
#include <utility>

#include "commands/relay/link_machine.hpp"
#include "commands/relay/mesh.hpp"

namespace netkit::relay {
namespace {

Error forged(const std::string& relay, std::string why) {
  return Error{Errc::malformed, "take records of relay " + relay, std::move(why)};
}

}  // namespace

Status Mesh::take(Bundle bundle, Moment now) {
  end_restoring();
  // Checked before it may be parked, so that nothing forged takes the place of what is not.
  const Log* const log = find_log(bundle.log);
  if (log && log != own_ && bundle.first > log->facts.last + 1 &&
      !is_signed(bundle, log->facts.public_key))
    return forged(log->facts.name, "the signature is not that relay's");
  const Result<std::uint64_t> taken = take_from(std::move(bundle), nullptr, now);
  if (!taken) return taken.error();
  unpark(now);
  return ok;
}

Status Mesh::restore(const RelayFacts& facts, Bundle bundle, Moment now) {
  if (log_of(facts.public_key) != facts.log || facts.log != bundle.log)
    return forged(facts.name, "the key is not that log's");
  restoring_ = true;
  const Result<Log*> log = log_for(facts, now);
  if (!log) return log.error();
  if (!*log || *log == own_ || bundle.last <= (*log)->facts.last) return ok;
  const Result<std::uint64_t> taken = accept(**log, std::move(bundle), nullptr, now.steady);
  if (!taken) return taken.error();
  return ok;
}

Result<std::uint64_t> Mesh::take_from(Bundle bundle, LinkMachine* from, Moment now) {
  Log* const log = find_log(bundle.log);
  if (!log) return std::uint64_t{0};  // Older than what was forgotten.
  const std::uint64_t count = bundle.last - bundle.first + 1;
  if (log == own_ && bundle.last > sealed_)
    return forged(settings_.name, "this relay never made them");
  if (bundle.last <= log->facts.last) {
    repeated(count, *log, from);
    return std::uint64_t{0};
  }
  if (bundle.first > log->facts.last + 1) {
    if (!log->hole_since) log->hole_since = now.steady;
    if (!is_hole_over(*log, now.steady)) {
      note_hole(*log, std::move(bundle), from, now.steady);
      return std::uint64_t{0};
    }
  }
  return accept(*log, std::move(bundle), from, now.steady);
}

void Mesh::repeated(std::uint64_t records, Log& log, LinkMachine* from) {
  duplicates_ += records;
  if (from) from->have_changed(log.facts.log, false);
}

bool Mesh::is_before_us(const Log& log) const {
  return log.facts.last == 0 && log.facts.started_ms <= started_ms_;
}

bool Mesh::is_hole_over(const Log& log, Instant now) const {
  if (!log.hole_since) return false;
  const Instant waited = now - *log.hole_since;
  if (is_covered(log)) return waited >= hole_limit;
  return is_before_us(log) || waited >= hole_grace;
}

void Mesh::note_hole(Log& log, Bundle bundle, LinkMachine* from, Instant now) {
  const LogId id = log.facts.log;
  if (from)
    from->dropped_.try_emplace(id, bundle.first);
  else
    park(std::move(bundle));
  if (lagging_.insert(id).second) log.progress = now;
}

Result<std::uint64_t> Mesh::accept(Log& log, Bundle bundle, LinkMachine* from, Instant now) {
  if (!bundle.is_kept && !is_signed(bundle, log.facts.public_key))
    return forged(log.facts.name, "the signature is not that relay's");
  if (Status decoded = decode(bundle); !decoded) return decoded.error();
  if (bundle.first > log.facts.last + 1) give_up(log, bundle.first - 1);
  const std::uint64_t first_new = log.facts.last + 1;
  if (first_new > bundle.first) duplicates_ += first_new - bundle.first;
  log.facts.last = bundle.last;
  log.progress = now;
  log.want_wait = want_interval;
  log.hole_since.reset();
  if (!restoring_) hearer_.keep(bundle);
  push(bundle);
  deliver_new(log, bundle, first_new, now);
  tell_progress(log, bundle, from);
  return bundle.last - first_new + 1;
}

Status Mesh::decode(const Bundle& bundle) {
  decoded_.clear();
  std::string_view rest = bundle.records();
  while (!rest.empty()) {
    const auto record = decode_record(rest);
    if (!record) return record.error();
    decoded_.push_back(*record->message);
    rest.remove_prefix(record->used);
  }
  return ok;
}

void Mesh::give_up(Log& log, std::uint64_t to) {
  const std::uint64_t from = log.facts.last + 1;
  // What was said before this relay began is no gap for anybody here.
  const bool is_silent = restoring_ || is_before_us(log);
  log.facts.last = to;
  log.floor = to + 1;
  if (!is_silent) hearer_.skipped(log.facts, from, to);
}

void Mesh::deliver_new(Log& log, const Bundle& bundle, std::uint64_t from, Instant now) {
  if (!restoring_ && log.roster_at + 1 >= from)
    log.roster_at = std::max(log.roster_at, bundle.last);
  const LogId id = bundle.log;
  std::vector<Record> records = std::exchange(decoded_, {});
  for (std::uint64_t seq = from; seq <= bundle.last; ++seq)
    deliver_one(records[seq - bundle.first], {.log = id, .seq = seq}, now);
  decoded_ = std::move(records);  // Its memory serves the next bundle.
  if (senders_.next_due() <= now) let_go_late(now);
}

void Mesh::deliver_one(const Record& record, RecordId id, Instant now) {
  if (!is_numbered(record.kind)) {
    apply_and_deliver(record, id);
    return;
  }
  const Senders::Verdict verdict = senders_.take(record, id, now);
  if (verdict != Senders::Verdict::deliver) return;
  hearer_.deliver(record, id);
  senders_.let_go_after(record.sender, [this](const Record& held, RecordId held_id) {
    hearer_.deliver(held, held_id);
  });
}

void Mesh::apply_and_deliver(const Record& record, RecordId id) {
  switch (record.kind) {
    case RecordKind::leave:
    case RecordKind::part:
    case RecordKind::nick:
      if (restoring_) return;
      hearer_.deliver(record, id);
      roster_.apply(id.log, record);
      return;
    case RecordKind::enter:
    case RecordKind::join:
      // Who was where before this relay began is told by those that live.
      if (restoring_) return;
      roster_.apply(id.log, record);
      break;
    default: break;
  }
  hearer_.deliver(record, id);
}

void Mesh::end_restoring() {
  if (std::exchange(restoring_, false)) let_go_late(Instant::max());
}

void Mesh::let_go_late(Instant now) {
  senders_.let_go_late(now,
                       [this](const Record& record, RecordId id) { hearer_.deliver(record, id); });
}

void Mesh::tell_progress(Log& log, const Bundle& bundle, LinkMachine* from) {
  const LogId id = log.facts.log;
  LinkMachine* filled = nullptr;
  for (LinkMachine* const link : links_) {
    const LinkMachine::Peer* const peer = link->find(id);
    link->have_changed(id, link == from || (peer && peer->given >= bundle.last));
    const auto dropped = link->dropped_.find(id);
    if (dropped == link->dropped_.end() || dropped->second > log.facts.last + 1) continue;
    link->dropped_.erase(dropped);
    if (!filled && link != from) filled = link;
  }
  if (filled) filled->want(id, log.facts.last);
  if (!links_.empty()) due();
}

void Mesh::park(Bundle bundle) {
  const std::size_t size = bundle.bytes->size();
  // What does not fit is a hole of its own later on.
  if (parked_.size() >= parked_max || parked_size_ + size > parked_size_max) return;
  const std::pair key{bundle.log, bundle.first};
  if (parked_.try_emplace(key, std::move(bundle)).second) parked_size_ += size;
}

void Mesh::unpark(Moment now) {
  for (auto at = parked_.begin(); at != parked_.end();) {
    Log* const log = find_log(at->first.first);
    const bool is_behind_hole = log && at->second.first > log->facts.last + 1;
    if (is_behind_hole && !log->hole_since) log->hole_since = now.steady;
    const bool is_due = !is_behind_hole || is_hole_over(*log, now.steady);
    if (!is_due) {
      ++at;
      continue;
    }
    Bundle bundle = std::move(at->second);
    parked_size_ -= bundle.bytes->size();
    at = parked_.erase(at);
    // It was signed; a record of it that cannot be read is a fault of the relay that made it.
    (void)take_from(std::move(bundle), nullptr, now);
  }
}

}  // namespace netkit::relay
