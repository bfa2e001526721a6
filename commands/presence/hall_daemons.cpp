// What a hall learns from other daemons: whom they see, and what that means for whom it does not
// see itself. A peer that talks to this daemon, or that no other one sees, is watched here; the
// others are as those say who see them.
#include <algorithm>

#include "commands/presence/hall.hpp"
#include "net/address.hpp"

namespace netkit::presence {
namespace {

/// What one daemon may tell: more peers than one watches well, and no more than half a roster.
constexpr std::size_t told_max = Roster::entries_max / 2;

bool is_here(State state) {
  return state <= State::suspect;
}

}  // namespace

void Hall::hear_of_daemon(const Announcement& said, const asio::ip::address& from, Moment now) {
  OtherDaemon& other = daemons_[said.key];
  other = {said.name, from, said.tcp_port, said.certificate, now.steady};
  if (!outside_.is_own(from)) vigil_.heard_anyone(now.steady);
  if (settings_.only_listens()) settings_.on_daemon(said, from);
}

/// The view of a daemon that has the peer here, the surest one.
const Hall::View* Hall::seen_elsewhere(const Entry& entry) const {
  const View* best = nullptr;
  for (const auto& [daemon, views] : views_) {
    const auto found = views.find(entry.slot);
    if (found == views.end()) continue;
    const View& view = found->second;
    if (view.instance != entry.said.instance || !is_here(view.state)) continue;
    if (best == nullptr || view.state < best->state) best = &view;
  }
  return best;
}

/// From now on it is as the others say.
void Hall::leave_to_others(Entry& entry, Moment now) {
  vigil_.remove(entry.slot);
  if (entry.path != Path::told) {
    entry.path = Path::told;
    roster_.show_again(entry);
  }
  merge(entry, now);
}

void Hall::merge(Entry& entry, Moment now) {
  if (vigil_.believes_in(entry.slot)) return;
  const State before = entry.state;
  if (const View* const here = seen_elsewhere(entry)) {
    roster_.set_state(entry, here->state, here->since_ms);
  } else if (entry.state != State::left) {
    // Nobody has it here: the newest verdict counts, ours too if we had one.
    const View* newest = nullptr;
    for (const auto& [daemon, views] : views_) {
      const auto found = views.find(entry.slot);
      if (found == views.end() || found->second.instance != entry.said.instance) continue;
      if (newest == nullptr || found->second.since_ms > newest->since_ms) newest = &found->second;
    }
    if (newest == nullptr && entry.is_here()) {
      // Whoever saw it is gone itself: this daemon looks for it now.
      vigil_.add_suspect(entry.slot, host_of(entry), now.steady);
      roster_.show_again(entry);
      return roster_.set_state(entry, State::suspect, now.wall_ms);
    }
    if (newest != nullptr && (entry.is_here() || newest->since_ms > entry.since_ms))
      roster_.set_state(entry, newest->state, newest->since_ms);
  }
  if (is_here(before) != entry.is_here()) log_change(entry);
}

void Hall::hear_daemon(const std::string& daemon, const Entry& told, Moment now) {
  if (told.said.key == key_.public_key()) return;
  if (told.path == Path::told) return hear_daemon_forgot(daemon, told.said.key, now);
  Entry* entry = roster_.find(told.said.key);
  const bool is_new = entry == nullptr;
  if (is_new && views_[daemon].size() >= told_max) return;
  if (roster_.is_news(told.said)) {
    if (!is_authentic(told.bytes)) {
      ++counts_.dropped_signature;
      return;
    }
    entry = roster_.hear(told.said, told.bytes, {}, Path::told, now.wall_ms);
    clear_freed();
    if (entry == nullptr) return;
    for (auto address = told.addresses.rbegin(); address != told.addresses.rend(); ++address)
      roster_.learn_address(*entry, *address);
    if (told.said.kind == Kind::leave) {
      vigil_.remove(entry->slot);
      entry->since_ms = std::min(told.since_ms, now.wall_ms);
    }
  }
  if (entry->said.instance != told.said.instance) return;
  roster_.know_since(*entry, told.first_instance);
  seat(entry->slot);
  views_[daemon][entry->slot] = {told.said.instance, told.state, told.since_ms};
  if (seat(entry->slot).tcp != nullptr) return;
  if (is_here(told.state)) {
    leave_to_others(*entry, now);
    if (is_new) log_change(*entry);
  } else {
    merge(*entry, now);
  }
}

void Hall::hear_daemon_forgot(const std::string& daemon, std::string_view peer, Moment now) {
  Entry* const entry = roster_.find(peer);
  const auto views = views_.find(daemon);
  if (entry == nullptr || views == views_.end() || views->second.erase(entry->slot) == 0) return;
  if (seat(entry->slot).tcp == nullptr) merge(*entry, now);
}

void Hall::part_daemon(const std::string& daemon, Moment now) {
  const auto found = views_.find(daemon);
  if (found == views_.end()) return;
  const std::unordered_map<std::uint32_t, View> views = std::move(found->second);
  views_.erase(found);
  for (const auto& [slot, view] : views)
    if (Entry* const entry = roster_.at(slot); entry != nullptr && seat(slot).tcp == nullptr)
      merge(*entry, now);
}

}  // namespace netkit::presence
