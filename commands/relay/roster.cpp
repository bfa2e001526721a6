// Indexes by nick, room and log over the people, kept together.
#include "commands/relay/roster.hpp"

#include <utility>

#include "identity/name.hpp"

namespace netkit::relay {
namespace {

template <typename Index, typename Key>
void drop(Index& index, const Key& key, SenderKey sender) {
  const auto at = index.find(key);
  if (at == index.end()) return;
  at->second.erase(sender);
  if (at->second.empty()) index.erase(at);
}

}  // namespace

void Roster::apply(LogId log, const Record& record) {
  if (record.kind == RecordKind::enter) {
    Person person;
    person.sender = record.sender;
    person.nick = record.nick;
    person.nick_key = identity::name_key(record.nick);
    person.log = log;
    person.since_ms = record.time_ms;
    enter(std::move(person));
    return;
  }
  if (record.kind == RecordKind::say || record.kind == RecordKind::direct) return;
  const auto at = people_.find(record.sender);
  if (at == people_.end() || at->second.log != log) return;
  switch (record.kind) {
    case RecordKind::leave: remove(record.sender); break;
    case RecordKind::join: join(at->second, record.room); break;
    case RecordKind::part: part(at->second, record.room); break;
    case RecordKind::nick: rename(at->second, record.nick); break;
    default: break;
  }
}

void Roster::enter(Person person) {
  if (const auto at = people_.find(person.sender); at != people_.end()) {
    const Person& there = at->second;
    const bool certain = person.log == there.log || (own_ != 0 && person.log == own_);
    if (!certain && person.since_ms < there.since_ms) return;
    remove(person.sender);
  } else if (people_.size() >= people_max) {
    return;
  }
  const SenderKey sender = person.sender;
  by_nick_.emplace(person.nick_key, sender);
  by_log_[person.log].insert(sender);
  for (const std::string& room : person.rooms)
    by_room_[room].insert(sender);
  people_.emplace(sender, std::move(person));
}

void Roster::remove(SenderKey sender) {
  const auto at = people_.find(sender);
  if (at == people_.end()) return;
  const Person& person = at->second;
  by_nick_.erase({person.nick_key, person.sender});
  drop(by_log_, person.log, sender);
  for (const std::string& room : person.rooms)
    drop(by_room_, room, sender);
  people_.erase(at);
}

void Roster::rename(Person& person, std::string_view nick) {
  by_nick_.erase({person.nick_key, person.sender});
  person.nick = nick;
  person.nick_key = identity::name_key(nick);
  by_nick_.emplace(person.nick_key, person.sender);
}

void Roster::join(Person& person, std::string_view room) {
  if (person.rooms.size() >= rooms_max) return;
  const auto [at, is_new] = person.rooms.emplace(room);
  if (is_new) by_room_[*at].insert(person.sender);
}

void Roster::part(Person& person, std::string_view room) {
  const auto at = person.rooms.find(room);
  if (at == person.rooms.end()) return;
  drop(by_room_, room, person.sender);
  person.rooms.erase(at);
}

void Roster::replace(LogId log, std::vector<Person> people) {
  forget(log);
  for (Person& person : people) {
    person.log = log;
    person.nick_key = identity::name_key(person.nick);
    while (person.rooms.size() > rooms_max)
      person.rooms.erase(std::prev(person.rooms.end()));
    enter(std::move(person));
  }
}

void Roster::forget(LogId log) {
  const auto at = by_log_.find(log);
  if (at == by_log_.end()) return;
  const SenderSet gone = at->second;
  for (const SenderKey sender : gone)
    remove(sender);
}

const Person* Roster::find(SenderKey sender) const {
  const auto at = people_.find(sender);
  return at == people_.end() ? nullptr : &at->second;
}

std::vector<const Person*> Roster::called(std::string_view nick) const {
  std::vector<const Person*> people;
  const std::string key = identity::name_key(nick);
  for (auto at = by_nick_.lower_bound({key, 0}); at != by_nick_.end() && at->first == key; ++at)
    people.push_back(&people_.at(at->second));
  return people;
}

bool Roster::is_clash(const Person& person) const {
  const auto first = by_nick_.lower_bound({person.nick_key, 0});
  const auto second = first == by_nick_.end() ? first : std::next(first);
  return second != by_nick_.end() && second->first == person.nick_key;
}

std::size_t Roster::count(LogId log) const {
  const auto at = by_log_.find(log);
  return at == by_log_.end() ? 0 : at->second.size();
}

void Roster::each(std::string_view room, const std::function<void(const Person&)>& see) const {
  if (room.empty()) {
    for (const auto& [sender, person] : people_)
      see(person);
    return;
  }
  const auto at = by_room_.find(room);
  if (at == by_room_.end()) return;
  for (const SenderKey sender : at->second)
    see(people_.at(sender));
}

void Roster::each_at(LogId log, const std::function<void(const Person&)>& see) const {
  const auto at = by_log_.find(log);
  if (at == by_log_.end()) return;
  for (const SenderKey sender : at->second)
    see(people_.at(sender));
}

std::map<std::string, std::size_t> Roster::rooms() const {
  std::map<std::string, std::size_t> counts;
  for (const auto& [room, senders] : by_room_)
    counts.emplace_hint(counts.end(), room, senders.size());
  return counts;
}

}  // namespace netkit::relay
