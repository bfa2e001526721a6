// What was told, compared with what was known.
#include "commands/presence/mirror.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "identity/name.hpp"

namespace netkit::presence {
namespace {

/// Whether it is still where it was: one of several addresses is heard last now, then another.
bool stays(const Entry& before, const Entry& now) {
  if (before.addresses.empty()) return now.addresses.empty();
  return std::ranges::find(now.addresses, before.addresses.front()) != now.addresses.end();
}

/// What `peer list` prints of an entry, and of which run it is.
bool shows_alike(const Entry& before, const Entry& now) {
  return before.state == now.state && before.number == now.number &&
         before.said.name == now.said.name && before.said.tcp_port == now.said.tcp_port &&
         before.said.instance == now.said.instance && before.said.tags == now.said.tags &&
         stays(before, now);
}

}  // namespace

std::uint64_t Mirror::follow(std::string_view daemon_key, std::uint64_t instance) {
  ++telling_;
  following_ = true;
  if (daemon_key != daemon_key_ || instance != instance_ || instance == 0) told_ = 0;
  daemon_key_ = daemon_key;
  instance_ = instance;
  whole_ = told_ == 0;
  return told_;
}

void Mirror::unfollow() {
  following_ = false;
}

Mirror::Change Mirror::take(Entry entry) {
  // Whatever others say now, the daemon has to say anew.
  if (!following_) told_ = 0;
  // A daemon that cannot tell what was forgotten in between begins from its first entry.
  if (following_ && entry.version <= told_) whole_ = true;
  const auto found = held_.find(entry.said.key);
  if (found == held_.end()) {
    if (held_.size() >= entries_max) return {};
    std::string key = entry.said.key;
    const auto added = held_.emplace(std::move(key), Held{std::move(entry), telling_}).first;
    return {&added->second.entry, {}};
  }
  Held& held = found->second;
  const State before = held.entry.state;
  const bool alike = shows_alike(held.entry, entry);
  held = {std::move(entry), telling_};
  return {alike ? nullptr : &held.entry, before};
}

std::optional<Entry> Mirror::forget(const Roster::Forgotten& forgotten) {
  const auto found = held_.find(forgotten.key);
  if (found == held_.end()) return {};
  Entry gone = std::move(found->second.entry);
  held_.erase(found);
  return gone;
}

std::vector<Entry> Mirror::end(const RosterEnd& end) {
  std::vector<Entry> gone;
  if (!following_) return gone;
  if (std::exchange(whole_, false))
    std::erase_if(held_, [&](auto& each) {
      if (each.second.telling == telling_) return false;
      gone.push_back(std::move(each.second.entry));
      return true;
    });
  told_ = end.version;
  return gone;
}

std::vector<const Entry*> Mirror::all() const {
  std::vector<const Entry*> entries;
  entries.reserve(held_.size());
  for (const auto& [key, held] : held_)
    entries.push_back(&held.entry);
  std::ranges::sort(entries, [](const Entry* left, const Entry* right) {
    return std::tie(left->said.name, left->number, left->said.key) <
           std::tie(right->said.name, right->number, right->said.key);
  });
  return entries;
}

std::vector<const Entry*> Mirror::called(std::string_view name) const {
  const std::string wanted = identity::name_key(name);
  const auto numbered = name.rfind(" (");
  std::string bare;
  if (numbered != std::string_view::npos && name.ends_with(')'))
    bare = identity::name_key(name.substr(0, numbered));
  std::vector<const Entry*> alike;
  for (const auto& [key, held] : held_) {
    const Entry& entry = held.entry;
    const std::string its = identity::name_key(entry.said.name);
    if (!bare.empty() && its == bare &&
        shown_name(entry).substr(entry.said.name.size()) == name.substr(numbered))
      return {&entry};
    if (its == wanted) alike.push_back(&entry);
  }
  std::ranges::sort(alike, {}, [](const Entry* entry) { return entry->number; });
  return alike;
}

const Entry* Mirror::find(std::string_view key) const {
  const auto found = held_.find(key);
  return found == held_.end() ? nullptr : &found->second.entry;
}

}  // namespace netkit::presence
