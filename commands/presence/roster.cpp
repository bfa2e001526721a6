// Keeps the entries, the order of their changes and the numbers of names that clash.
#include "commands/presence/roster.hpp"

#include <algorithm>

#include "identity/name.hpp"

namespace netkit::presence {
namespace {

/// How many forgotten ones are still told to who was away.
constexpr std::size_t forgotten_max = 1000;

/// Who had a name first keeps it, also while it is away: a message to that name must not reach
/// another. Instances are times, so daemons agree; keys decide between equals.
bool is_older(const Entry* left, const Entry* right) {
  if (left->first_instance != right->first_instance)
    return left->first_instance < right->first_instance;
  return left->said.key < right->said.key;
}

/// What a peer says that is shown.
bool shows_alike(const Announcement& left, const Announcement& right) {
  return left.name == right.name && left.tags == right.tags && left.away == right.away &&
         left.tcp_port == right.tcp_port && left.certificate == right.certificate &&
         left.instance == right.instance;
}

}  // namespace

std::string_view to_text(State state) {
  switch (state) {
    case State::online: return "online";
    case State::away: return "away";
    case State::suspect: return "suspect";
    case State::offline: return "offline";
    case State::left: return "left";
    case State::forgotten: return "forgotten";
  }
  return "";
}

std::string_view to_text(Path path) {
  switch (path) {
    case Path::none: return "-";
    case Path::sctp: return "sctp";
    case Path::tcp: return "tcp";
    case Path::multicast: return "multicast";
    case Path::asked: return "asked";
    case Path::told: return "told";
  }
  return "";
}

std::string shown_name(const Entry& entry) {
  if (entry.number == 0) return entry.said.name;
  return entry.said.name + " (" + std::to_string(entry.number) + ")";
}

bool Roster::is_news(const Announcement& said) const {
  const auto found = by_key_.find(said.key);
  if (found == by_key_.end()) return true;
  const Announcement& known = found->second->said;
  if (said.instance != known.instance) return said.instance > known.instance;
  return said.sequence > known.sequence;
}

void Roster::touch(Entry& entry) {
  if (entry.version != 0) by_version_.erase(entry.version);
  entry.version = ++version_;
  by_version_.emplace(entry.version, &entry);
}

void Roster::renumber(const std::string& name_key) {
  const auto found = by_name_.find(name_key);
  if (found == by_name_.end()) return;
  std::vector<Entry*>& alike = found->second;
  if (alike.empty()) {
    by_name_.erase(found);
    return;
  }
  std::ranges::sort(alike, is_older);
  for (std::size_t i = 0; i < alike.size(); ++i) {
    const auto number = static_cast<std::uint16_t>(i == 0 ? 0 : std::min<std::size_t>(i + 1, 9999));
    if (alike[i]->number == number) continue;
    alike[i]->number = number;
    touch(*alike[i]);
  }
}

/// Where it talks from goes first. Where else it was heard stays in its place: a host with several
/// interfaces is heard by all of them in turn.
bool Roster::remember_address(Entry& entry, const asio::ip::address& from, Path path) {
  const bool is_broadcast = from.is_v4() && from.to_v4() == asio::ip::address_v4::broadcast();
  if (from.is_unspecified() || from.is_multicast() || is_broadcast) return false;
  std::vector<asio::ip::address>& known = entry.addresses;
  const auto found = std::ranges::find(known, from);
  const bool is_known = found != known.end();
  const bool talks = path == Path::tcp || path == Path::sctp;
  if (is_known && (!talks || found == known.begin())) return false;
  if (is_known) known.erase(found);
  known.insert(known.begin(), from);
  if (known.size() > addresses_max) known.pop_back();
  return true;
}

/// Room for one more, at the cost of the one that is gone for longest.
bool Roster::make_room() {
  if (by_key_.size() < entries_max) return true;
  const Entry* oldest = nullptr;
  for (const auto& [key, entry] : by_key_)
    if (!entry->is_here() && (oldest == nullptr || entry->since_ms < oldest->since_ms))
      oldest = entry.get();
  if (oldest == nullptr) return false;
  forget(oldest->slot);
  return true;
}

Entry* Roster::enter(const Announcement& said) {
  if (!make_room()) return nullptr;
  auto made = std::make_unique<Entry>();
  Entry* const entry = made.get();
  if (free_slots_.empty()) {
    entry->slot = static_cast<std::uint32_t>(by_slot_.size());
    by_slot_.push_back(entry);
  } else {
    entry->slot = free_slots_.back();
    free_slots_.pop_back();
    by_slot_[entry->slot] = entry;
  }
  by_key_.emplace(said.key, std::move(made));
  return entry;
}

Entry* Roster::hear(const Announcement& said, std::string_view bytes, const asio::ip::address& from,
                    Path path, std::uint64_t now_ms) {
  if (!is_news(said)) return nullptr;
  Entry* entry = find(said.key);
  const bool is_new = entry == nullptr;
  if (is_new) {
    // Nobody knew that it was here; of whom other daemons knew it, they remember it together.
    if (said.kind == Kind::leave && path != Path::told) return nullptr;
    entry = enter(said);
    if (entry == nullptr) return nullptr;
    // Not only what it says itself: anybody could claim to have come first.
    last_entered_ = std::max({said.instance, now_ms * 1000, last_entered_ + 1});
    entry->first_instance = last_entered_;
  }
  const std::string before = is_new ? "" : identity::name_key(entry->said.name);
  const std::string after = identity::name_key(said.name);
  const bool looks_new = is_new || !shows_alike(entry->said, said);
  const bool new_instance = is_new || entry->said.instance != said.instance;
  entry->said = said;
  entry->bytes = bytes;
  if (new_instance) entry->addresses.clear();
  const bool moved = remember_address(*entry, from, path);
  hear_again(*entry, path, now_ms);
  if (before != after) {
    if (!is_new) std::erase(by_name_[before], entry);
    by_name_[after].push_back(entry);
  }
  if (looks_new || moved) touch(*entry);
  if (new_instance) entry->since_ms = now_ms;
  set_state(*entry, said.kind == Kind::leave ? State::left : State::online, now_ms);
  if (before != after) {
    if (!is_new) renumber(before);
    renumber(after);
  }
  return entry;
}

Entry* Roster::restore(Entry entry) {
  if (find(entry.said.key) != nullptr) return nullptr;
  Entry* const made = enter(entry.said);
  if (made == nullptr) return nullptr;
  entry.slot = made->slot;
  entry.version = 0;
  *made = std::move(entry);
  touch(*made);
  const std::string name_key = identity::name_key(made->said.name);
  by_name_[name_key].push_back(made);
  renumber(name_key);
  return made;
}

void Roster::hear_again(Entry& entry, Path path, std::uint64_t now_ms) const {
  entry.path = path;
  entry.heard_ms = now_ms;
}

void Roster::set_state(Entry& entry, State state, std::uint64_t now_ms) {
  if (state == State::online && entry.said.away) state = State::away;
  if (entry.state == state) return;
  entry.state = state;
  entry.since_ms = now_ms;
  touch(entry);
}

void Roster::know_since(Entry& entry, std::uint64_t first_instance) {
  if (first_instance == 0 || first_instance >= entry.first_instance) return;
  entry.first_instance = first_instance;
  renumber(identity::name_key(entry.said.name));
}

void Roster::forget(std::uint32_t slot) {
  Entry* const entry = at(slot);
  if (entry == nullptr) return;
  const std::string key = entry->said.key;
  const std::string name_key = identity::name_key(entry->said.name);
  forgotten_.push_back({++version_, key});
  if (forgotten_.size() > forgotten_max) {
    forgotten_before_ = forgotten_.front().version;
    forgotten_.pop_front();
  }
  by_version_.erase(entry->version);
  std::erase(by_name_[name_key], entry);
  by_slot_[slot] = nullptr;
  free_slots_.push_back(slot);
  freed_.push_back(slot);
  by_key_.erase(key);
  renumber(name_key);
}

void Roster::forget_gone(std::uint64_t before_ms) {
  std::vector<std::uint32_t> slots;
  for (const auto& [key, entry] : by_key_)
    if (!entry->is_here() && entry->since_ms < before_ms) slots.push_back(entry->slot);
  for (const std::uint32_t slot : slots)
    forget(slot);
}

Entry* Roster::find(std::string_view key) {
  const auto found = by_key_.find(std::string{key});
  return found == by_key_.end() ? nullptr : found->second.get();
}

Entry* Roster::at(std::uint32_t slot) {
  return slot < by_slot_.size() ? by_slot_[slot] : nullptr;
}

std::vector<const Entry*> Roster::called(std::string_view name) const {
  const auto numbered = name.rfind(" (");
  if (numbered != std::string_view::npos && name.ends_with(')')) {
    const auto found = by_name_.find(identity::name_key(name.substr(0, numbered)));
    if (found != by_name_.end())
      for (const Entry* entry : found->second)
        if (shown_name(*entry).substr(entry->said.name.size()) == name.substr(numbered))
          return {entry};
  }
  const auto found = by_name_.find(identity::name_key(name));
  if (found == by_name_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::size_t Roster::count(State state) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      by_key_, [&](const auto& keyed) { return keyed.second->state == state; }));
}

const Entry* Roster::next_after(std::uint64_t version) const {
  const auto found = by_version_.upper_bound(version);
  return found == by_version_.end() ? nullptr : found->second;
}

std::optional<std::vector<Roster::Forgotten>> Roster::forgotten_after(std::uint64_t version) const {
  if (version < forgotten_before_) return std::nullopt;
  std::vector<Forgotten> after;
  for (const Forgotten& forgotten : forgotten_)
    if (forgotten.version > version) after.push_back(forgotten);
  return after;
}

}  // namespace netkit::presence
