// One hash lookup for what comes in order; only what is held costs more.
#include "commands/relay/senders.hpp"

#include <algorithm>

namespace netkit::relay {

std::uint64_t Senders::known(SenderKey sender) const {
  const auto at = known_.find(sender);
  return at == known_.end() ? 0 : at->second.number;
}

Senders::Known& Senders::hear(SenderKey sender) {
  if (const auto at = known_.find(sender); at != known_.end()) {
    heard_.splice(heard_.end(), heard_, at->second.heard);
    return at->second;
  }
  make_room();
  heard_.push_back(sender);
  return known_.emplace(sender, Known{.number = 0, .heard = std::prev(heard_.end())}).first->second;
}

void Senders::make_room() {
  while (known_.size() >= senders_max) {
    known_.erase(heard_.front());
    heard_.pop_front();
  }
}

bool Senders::take_own(SenderKey sender, std::uint64_t number) {
  Known& known = hear(sender);
  if (number <= known.number) return false;
  known.number = number;
  if (waiting_.empty()) return true;
  const auto waiting = waiting_.find(sender);
  if (waiting != waiting_.end() && waiting->second.records.begin()->first <= number + 1)
    set_due(waiting, Instant::min());
  return true;
}

Senders::Verdict Senders::take(const Record& record, RecordId id, Instant now) {
  Known& known = hear(record.sender);
  if (record.number <= known.number) return Verdict::repeat;
  if (record.number == known.number + 1) {
    known.number = record.number;
    return Verdict::deliver;
  }
  const auto waiting = waiting_.find(record.sender);
  if (waiting != waiting_.end() && waiting->second.records.contains(record.number))
    return Verdict::repeat;
  hold(record, id, now);
  return Verdict::held;
}

void Senders::hold(const Record& record, RecordId id, Instant now) {
  const auto [waiting, is_new] = waiting_.try_emplace(record.sender);
  Held held{.bytes = {}, .id = id, .since = now};
  append_record(held.bytes, record);
  held_size_ += held.bytes.size();
  waiting->second.records.emplace(record.number, std::move(held));
  if (is_new) set_due(waiting, now + hold_limit);
  if (waiting->second.records.size() > held_per_sender_max || held_size_ > held_size_max)
    set_due(waiting, Instant::min());
}

void Senders::set_due(WaitingAt waiting, Instant due) {
  due_.erase({waiting->second.due, waiting->first});
  waiting->second.due = due;
  due_.emplace(due, waiting->first);
}

Senders::Held Senders::pull(WaitingAt waiting) {
  const auto first = waiting->second.records.begin();
  Held held = std::move(first->second);
  waiting->second.records.erase(first);
  held_size_ -= held.bytes.size();
  return held;
}

void Senders::let_go_run(WaitingAt waiting, const LetGo& let_go) {
  Known& known = hear(waiting->first);
  auto& records = waiting->second.records;
  while (!records.empty() && records.begin()->first <= known.number + 1) {
    const bool is_next = records.begin()->first == known.number + 1;
    const Held held = pull(waiting);
    if (!is_next) continue;
    ++known.number;
    const auto record = decode_record(held.bytes);
    if (record) let_go(*record->message, held.id);
  }
}

Instant Senders::oldest_of(const Waiting& waiting) {
  Instant oldest = Instant::max();
  for (const auto& [number, held] : waiting.records)
    oldest = std::min(oldest, held.since);
  return oldest;
}

void Senders::settle(WaitingAt waiting) {
  if (waiting->second.records.empty()) {
    due_.erase({waiting->second.due, waiting->first});
    waiting_.erase(waiting);
    return;
  }
  set_due(waiting, oldest_of(waiting->second) + hold_limit);
}

void Senders::let_go_after(SenderKey sender, const LetGo& let_go) {
  if (waiting_.empty()) return;
  const auto waiting = waiting_.find(sender);
  if (waiting == waiting_.end()) return;
  let_go_run(waiting, let_go);
  settle(waiting);
}

bool Senders::is_late(const Waiting& waiting, Instant now) const {
  if (waiting.records.size() > held_per_sender_max || held_size_ > held_size_max) return true;
  return oldest_of(waiting) + hold_limit <= now;
}

void Senders::let_go_late(Instant now, const LetGo& let_go) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto waiting = waiting_.find(due_.begin()->second);
    let_go_run(waiting, let_go);
    const auto& records = waiting->second.records;
    if (!records.empty() && is_late(waiting->second, now)) {
      hear(waiting->first).number = records.begin()->first - 1;
      let_go_run(waiting, let_go);
    }
    settle(waiting);
  }
}

Instant Senders::next_due() const {
  return due_.empty() ? Instant::max() : due_.begin()->first;
}

}  // namespace netkit::relay
