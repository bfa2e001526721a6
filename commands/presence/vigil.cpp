// Plans when each peer is looked at next, and decides what its silence means by then.
#include "commands/presence/vigil.hpp"

#include <algorithm>

namespace netkit::presence {
namespace {

/// One other machine that falls silent has died; two at once have not, unless another is heard.
constexpr std::size_t isolation_hosts_min = 2;
/// Of one tick: each may cost a signature.
constexpr std::size_t orders_max = 256;
/// The first questions go to the peer alone: most suspects answer them.
constexpr std::uint8_t asks_before_others = 1;

}  // namespace

Time Vigil::period() const {
  const auto stretched = settings_.period_min * static_cast<Time::rep>(watched_) /
                         static_cast<Time::rep>(settings_.peers_at_period_min);
  return std::max(settings_.period_min, stretched);
}

void Vigil::set_mood(Watched& watched, Mood mood) {
  if (watched.mood == Mood::gone && mood != Mood::gone) {
    ++watched_;
    if (watched.is_remote()) ++remote_hosts_[watched.host];
  }
  if (watched.mood != Mood::gone && mood == Mood::gone) {
    --watched_;
    const auto found = remote_hosts_.find(watched.host);
    if (found != remote_hosts_.end() && --found->second == 0) remote_hosts_.erase(found);
  }
  watched.mood = mood;
}

void Vigil::plan(Peer peer, Watched& watched, Time due) {
  if (watched.due != Time::max()) due_.erase({watched.due, peer});
  watched.due = due;
  if (due != Time::max()) due_.emplace(due, peer);
}

void Vigil::add(Peer peer, Host host, Time now) {
  remove(peer);
  Watched& watched = peers_[peer];
  watched.mood = Mood::gone;  // So that set_mood() counts it.
  watched.host = host;
  set_mood(watched, Mood::fresh);
  watched.heard = now;
  if (host != own_host) heard_anyone(now);
  plan(peer, watched, now + suspect_after());
}

void Vigil::add_gone(Peer peer, Host host, Time now) {
  remove(peer);
  Watched& watched = peers_[peer];
  watched.mood = Mood::gone;
  watched.host = host;
  plan(peer, watched, now + settings_.retry_min);
}

void Vigil::add_suspect(Peer peer, Host host, Time now) {
  add(peer, host, now);
  Watched& watched = peers_.at(peer);
  set_mood(watched, Mood::suspect);
  watched.asks = 0;
  plan(peer, watched, now);
}

void Vigil::remove(Peer peer) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  plan(peer, found->second, Time::max());
  set_mood(found->second, Mood::gone);
  peers_.erase(found);
  std::erase_if(orders_, [peer](const Order& order) { return order.peer == peer; });
}

void Vigil::heard_anyone(Time now) {
  anyone_heard_ = std::max(anyone_heard_, now);
}

void Vigil::heard(Peer peer, Time now) {
  const auto found = peers_.find(peer);
  if (found == peers_.end()) return;
  Watched& watched = found->second;
  watched.heard = now;
  watched.broken.reset();
  if (watched.is_remote()) heard_anyone(now);
  if (watched.mood == Mood::fresh) return;  // Its due time is looked at when it comes.
  set_mood(watched, Mood::fresh);
  watched.asks = 0;
  orders_.push_back({peer, Act::back});
  plan(peer, watched, now + suspect_after());
}

void Vigil::broke(Peer peer, Time now) {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || found->second.mood == Mood::gone) return;
  Watched& watched = found->second;
  if (watched.is_remote()) heard_anyone(now);  // The end of a connection came by the network.
  watched.broken = now;
  orders_.push_back({peer, Act::knock});
  begin_suspicion(peer, watched, now);
}

void Vigil::knocked(Peer peer, bool refused, Time now) {
  const auto found = peers_.find(peer);
  if (found == peers_.end() || found->second.mood != Mood::suspect || !refused) return;
  if (found->second.is_remote()) heard_anyone(now);
  if (found->second.broken) give_up(peer, found->second, now);
}

void Vigil::network(bool up, Time now) {
  if (up && !network_up_) grace_until_ = now + period() * 11 / 10;
  network_up_ = up;
}

void Vigil::begin_suspicion(Peer peer, Watched& watched, Time now) {
  if (watched.mood == Mood::fresh) {
    set_mood(watched, Mood::suspect);
    watched.asks = 0;
    orders_.push_back({peer, Act::suspect});
  }
  plan(peer, watched, now);
}

void Vigil::give_up(Peer peer, Watched& watched, Time now) {
  set_mood(watched, Mood::gone);
  watched.asks = 0;
  watched.broken.reset();
  orders_.push_back({peer, Act::gone});
  plan(peer, watched, now + settings_.retry_min);
}

Time Vigil::verdict_due(const Watched& watched) const {
  const Time silent = watched.heard + gone_after();
  const Time verdict =
      watched.broken ? std::min(silent, *watched.broken + settings_.broken_limit) : silent;
  return watched.is_remote() ? std::max(verdict, grace_until_) : verdict;
}

/// A due time has come: the peer may have been heard since it was set.
void Vigil::look_at(Peer peer, Watched& watched, Time now) {
  if (watched.mood == Mood::gone) {
    orders_.push_back({peer, Act::ask});
    const Time wait =
        settings_.retry_min * (std::uint64_t{1} << std::min<unsigned>(watched.asks, 20));
    watched.asks = static_cast<std::uint8_t>(std::min(watched.asks + 1, 20));
    return plan(peer, watched, now + std::min(wait, settings_.retry_max));
  }
  if (watched.mood == Mood::fresh) {
    const Time silent = watched.heard + suspect_after();
    if (now < silent) return plan(peer, watched, silent);
    return begin_suspicion(peer, watched, now);
  }
  const Time verdict = verdict_due(watched);
  const bool held = isolated_ && watched.is_remote() && !watched.broken;
  if (now >= verdict && !held) return give_up(peer, watched, now);
  orders_.push_back({peer, Act::ask});
  if (watched.asks >= asks_before_others) orders_.push_back({peer, Act::ask_others});
  if (watched.asks < UINT8_MAX) ++watched.asks;
  // Somebody cut off asks a few times at the pace of a suspicion, then once a period.
  const Time wait = held && now >= verdict ? period() : settings_.ask_interval;
  plan(peer, watched, held ? now + wait : std::min(now + wait, std::max(verdict, now)));
}

void Vigil::reckon(Time now) {
  const bool silent =
      remote_hosts_.size() >= isolation_hosts_min && now - anyone_heard_ >= period() * 6 / 5;
  const bool isolated = silent || (!remote_hosts_.empty() && !network_up_);
  if (isolated_ && !isolated) grace_until_ = now + period() * 11 / 10;
  isolated_ = isolated;
}

std::vector<Vigil::Order> Vigil::tick(Time now) {
  reckon(now);
  // What is left is due at once: whoever calls has other work in between.
  while (!due_.empty() && due_.begin()->first <= now && orders_.size() < orders_max) {
    const Peer peer = due_.begin()->second;
    look_at(peer, peers_.at(peer), now);
  }
  return std::exchange(orders_, {});
}

Time Vigil::next() const {
  if (!orders_.empty()) return Time::min();
  return due_.empty() ? Time::max() : due_.begin()->first;
}

}  // namespace netkit::presence
