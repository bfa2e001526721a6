// Membership follows the interfaces; a failure is counted, told once, and stops no other way.
#include "net/multicast_ways.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "net/packet.hpp"

namespace netkit::net {
namespace {

using Clock = std::chrono::steady_clock;

/// A limit that kept us from joining may have been raised, or others may have left.
constexpr std::chrono::seconds join_again_after{5};
/// A failure that lasts is logged again after this, with its count.
constexpr std::chrono::seconds log_again_after{60};

std::string_view family_name(bool v6) {
  return v6 ? "ipv6" : "ipv4";
}

PacketWay way_out(const Interface& interface) {
  PacketWay way{interface.index, {}};
  for (const asio::ip::address& each : interface.addresses)
    if (each.is_v4()) {
      way.source_v4 = each.to_v4();
      break;
    }
  return way;
}

}  // namespace

MulticastWays::MulticastWays(asio::io_context& context, log::Logger& log, Admits admits)
    : log_{log}, admits_{std::move(admits)}, join_again_{context.get_executor(), [this] {
                                                           join_all();
                                                         }} {}

void MulticastWays::stop() {
  groups_ = {};
  join_again_.expire_never();
}

bool MulticastWays::usable(const Interface& interface, bool v6) const {
  return groups_[v6].hearing >= 0 && interface.up && (interface.multicast || interface.loopback) &&
         interface.has(v6) && (!admits_ || admits_(interface));
}

MulticastWays::Line* MulticastWays::line_of(unsigned interface) {
  const auto at = std::find_if(lines_.begin(), lines_.end(), [&](const Line& each) {
    return each.seen.interface.index == interface;
  });
  return at == lines_.end() ? nullptr : &*at;
}

MulticastWay* MulticastWays::way(unsigned interface, bool v6) {
  Line* const line = line_of(interface);
  return line ? &line->seen.ways[v6] : nullptr;
}

bool MulticastWays::is_ours(const asio::ip::address& address) const {
  const auto same = [&](const asio::ip::address& mine) {
    if (mine.is_v4() || address.is_v4()) return mine == address;
    return mine.to_v6().to_bytes() == address.to_v6().to_bytes();
  };
  return std::any_of(lines_.begin(), lines_.end(), [&](const Line& line) {
    const auto& mine = line.seen.interface.addresses;
    return std::any_of(mine.begin(), mine.end(), same);
  });
}

void MulticastWays::follow(const std::vector<Interface>& interfaces) {
  std::vector<Line> now(interfaces.size());
  for (std::size_t i = 0; i < now.size(); ++i) {
    Line* const known = line_of(interfaces[i].index);
    if (known && known->seen.interface.name == interfaces[i].name)
      now[i] = std::exchange(*known, {});
    now[i].seen.interface = interfaces[i];
  }
  // First of all those are left that went: they count against the system's limit.
  for (const bool v6 : {false, true}) {
    for (Line& gone : lines_)
      leave(gone, v6);
    for (Line& line : now)
      if (!usable(line.seen.interface, v6)) leave(line, v6);
  }
  lines_ = std::move(now);
  join_all();
}

void MulticastWays::join_all() {
  bool failed = false;
  for (Line& line : lines_)
    for (const bool v6 : {false, true}) {
      if (usable(line.seen.interface, v6)) join(line, v6);
      failed = failed || !line.seen.ways[v6].join_failure.empty();
    }
  if (failed)
    join_again_.expire_in(join_again_after);
  else
    join_again_.expire_never();
}

void MulticastWays::leave(Line& line, bool v6) {
  MulticastWay& way = line.seen.ways[v6];
  way.join_failure.clear();
  if (!std::exchange(way.joined, false)) return;
  leave_group(groups_[v6].hearing, groups_[v6].at.address(), line.seen.interface.index);
  log_.debug("multicast_leave",
             {{"interface", line.seen.interface.name}, {"family", family_name(v6)}});
}

void MulticastWays::join(Line& line, bool v6) {
  MulticastWay& way = line.seen.ways[v6];
  if (way.joined) return;
  const std::string& name = line.seen.interface.name;
  const Status joined =
      join_group(groups_[v6].hearing, groups_[v6].at.address(), line.seen.interface.index);
  way.joined = static_cast<bool>(joined);
  std::string failure = joined ? "" : joined.error().message();
  if (joined)
    log_.debug("multicast_join", {{"interface", name}, {"family", family_name(v6)}});
  else if (failure != way.join_failure)
    log_.warn("multicast_join_failed",
              {{"interface", name}, {"family", family_name(v6)}, {"reason", failure}});
  way.join_failure = std::move(failure);
}

bool MulticastWays::send(std::string_view bytes) {
  bool any = false;
  for (Line& line : lines_)
    for (const bool v6 : {false, true}) {
      const Group& group = groups_[v6];
      if (!usable(line.seen.interface, v6)) continue;
      const std::error_code failed =
          send_packet(group.speaking, bytes, group.at, way_out(line.seen.interface));
      note_sent(line, v6, failed);
      any = any || !failed;
    }
  return any;
}

void MulticastWays::note_sent(Line& line, bool v6, const std::error_code& failed) {
  MulticastWay& way = line.seen.ways[v6];
  Line::Logged& logged = line.logged[v6];
  way.send_failure = failed;
  ++(failed ? way.send_failures : way.sent);
  if (!failed) return;
  const Clock::time_point now = Clock::now();
  if (failed == logged.failure && now < logged.at + log_again_after) return;
  logged = {failed, now};
  // An IPv6 address cannot be used for its first second or two; loopback often has no IPv6 route.
  const bool usual = line.seen.interface.loopback || failed == std::errc::address_not_available;
  log_.event(usual ? log::Level::debug : log::Level::warn, "multicast_send_failed",
             {{"interface", line.seen.interface.name},
              {"family", family_name(v6)},
              {"failures", way.send_failures},
              {"reason", failed.message()}});
}

std::vector<MulticastInterface> MulticastWays::report() const {
  std::vector<MulticastInterface> all;
  for (const Line& line : lines_)
    all.push_back(line.seen);
  return all;
}

}  // namespace netkit::net
