// Orders: given, offered, taken back, timed.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/units.hpp"
#include "commands/shutdown/book.hpp"

namespace netkit::shutdown {

OrderId Book::add_order(Order order, const Request& request, Time now) {
  using Clock = Time::clock;
  order.id = settings_.new_id();
  order.issuer = request.issuer;
  order.reason = request.reason;
  order.force = request.force;
  order.plan = request.plan;
  order.ordered = order.changed = now;
  order.due = now + std::chrono::duration_cast<Clock::duration>(request.delay);
  if (request.expire.count() > 0)
    order.expires = order.due + std::chrono::duration_cast<Clock::duration>(request.expire);
  const OrderId id = order.id;
  // A host's former order lives on in the records only, once its end is there.
  if (const auto former = last_order_.find(order.host); former != last_order_.end())
    changes_.replaced.push_back(former->second);
  last_order_[order.host] = id;
  active_.insert(id);
  if (!order.line.empty()) with_line_.insert(id);
  if (order.line_due) changes_.lines_due.push_back(order.line);
  Host& host = host_at(order.host, now);
  host.since = now;
  changes_.orders.insert(id);
  changes_.hosts.insert(order.host);
  Order& kept = orders_.insert_or_assign(id, std::move(order)).first->second;
  changes_.steps.push_back(kept);
  offer(kept, now);
  return id;
}

OrderId Book::order(const HostKey& host, const Request& request, Time now) {
  if (const Order* const active = active_order(host)) return active->id;
  Order order;
  order.host = host;
  return add_order(std::move(order), request, now);
}

OrderId Book::order_by_line(const std::string& address, const Request& request, Time now) {
  const HostKey key = key_of_address(address);
  if (const Order* const active = active_order(key)) return active->id;
  Order order;
  order.host = key;
  order.line = address;
  order.line_due = true;
  return add_order(std::move(order), request, now);
}

void Book::withdraw(const std::vector<OrderId>& orders, Changes& held) {
  std::set<OrderId> gone;
  std::set<std::string> lines;
  for (const OrderId id : orders) {
    const auto found = orders_.find(id);
    if (found == orders_.end()) continue;
    const HostKey host = found->second.host;
    if (last_order_[host] == id) last_order_.erase(host);
    watches_.erase(host);
    active_.erase(id);
    with_line_.erase(id);
    lines.insert(found->second.line);
    orders_.erase(found);
    gone.insert(id);
  }
  take_changes_into(held);
  std::erase_if(held.orders, [&](OrderId each) { return gone.contains(each); });
  std::erase_if(held.steps, [&](const Order& each) { return gone.contains(each.id); });
  std::erase_if(held.replaced, [&](OrderId each) { return gone.contains(each); });
  std::erase_if(held.lines_due, [&](const std::string& each) { return lines.contains(each); });
  std::erase_if(held.dispatches, [&](const Dispatch& each) { return gone.contains(each.order); });
}

void Book::forget(const std::vector<OrderId>& orders) {
  for (const OrderId id : orders) {
    const auto found = orders_.find(id);
    if (found == orders_.end() || found->second.active() || with_line_.contains(id)) continue;
    const auto last = last_order_.find(found->second.host);
    if (last == last_order_.end() || last->second != id) orders_.erase(found);
  }
}

void Book::lines_written(const std::vector<std::string>& addresses) {
  const std::set<std::string> written{addresses.begin(), addresses.end()};
  for (const OrderId id : with_line_) {
    Order& order = orders_.at(id);
    if (!order.line_due || !written.contains(order.line)) continue;
    order.line_due = false;
    changes_.orders.insert(id);
  }
}

void Book::take_changes_into(Changes& held) {
  const auto append = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  Changes fresh = std::exchange(changes_, {});
  held.hosts.merge(fresh.hosts);
  held.orders.merge(fresh.orders);
  append(held.steps, fresh.steps);
  // As long as nothing can be kept, nothing is told: the newest are news enough then.
  if (std::ssize(held.steps) > steps_max)
    held.steps.erase(held.steps.begin(), held.steps.end() - steps_max);
  append(held.dispatches, fresh.dispatches);
  append(held.probes, fresh.probes);
  append(held.replaced, fresh.replaced);
  append(held.lines_due, fresh.lines_due);
  append(held.lines_done, fresh.lines_done);
  append(held.seen, fresh.seen);
}

void Book::change(Order& order, State state, std::string why, Time now) {
  order.state = state;
  order.why = std::move(why);
  order.changed = now;
  host_at(order.host, now).since = now;
  if (!order.active()) {
    active_.erase(order.id);
    watches_.erase(order.host);
  }
  changes_.orders.insert(order.id);
  changes_.steps.push_back(order);
  changes_.hosts.insert(order.host);
  settle_line(order);
}

/// The line goes once the host has it, and also when the order will never reach it.
void Book::settle_line(Order& order) {
  if (order.line.empty() || order.state == State::ordered) return;
  changes_.lines_done.push_back(order.line);
}

void Book::offer(Order& order, Time now) {
  if (now < order.due || !order.active()) return;
  const SessionId session = session_of(order.host);
  if (session == 0) return;
  if (sessions_.at(session).agent) {
    offer_to(order, session);
    return;
  }
  // Everybody at that address is told, once.
  if (order.state != State::ordered || order.offered) return;
  order.offered = true;
  changes_.orders.insert(order.id);
  for (const SessionId each : sessions_of_.at(order.host))
    changes_.dispatches.push_back({each, Dispatch::Word::yep, order.id});
}

void Book::offer_to(Order& order, SessionId session) {
  order.offered = true;
  order.boot = hosts_.at(order.host).boot;
  changes_.orders.insert(order.id);
  changes_.dispatches.push_back({session, Dispatch::Word::offer, order.id});
  if (order.cancel_wanted)
    changes_.dispatches.push_back({session, Dispatch::Word::cancel, order.id});
}

bool Book::cancel(OrderId id, Time now) {
  const auto found = orders_.find(id);
  if (found == orders_.end()) return false;
  Order& order = found->second;
  if (!order.active() || order.state == State::going) return false;
  if (!order.offered) {
    change(order, State::cancelled, {}, now);
    return true;
  }
  if (!is_agent(order.host))
    return false;  // A plain client was told `yep` and cannot be told otherwise.
  // Asking again does not give the host more time.
  if (!std::exchange(order.cancel_wanted, true)) order.changed = now;
  changes_.orders.insert(id);
  if (const SessionId session = session_of(order.host))
    changes_.dispatches.push_back({session, Dispatch::Word::cancel, id});
  return true;
}

void Book::lines_are(const std::set<std::string>& lines, Time now) {
  std::set<std::string> held;
  for (const OrderId id : std::vector<OrderId>{with_line_.begin(), with_line_.end()}) {
    Order& order = orders_.at(id);
    if (lines.contains(order.line)) {
      held.insert(order.line);
      settle_line(order);  // Its removal was lost with a crash or a full disk.
      continue;
    }
    const bool undelivered = order.state == State::ordered;
    if (order.line_due && undelivered) {
      held.insert(order.line);
      changes_.lines_due.push_back(order.line);
      continue;
    }
    order.line.clear();
    order.line_due = false;
    with_line_.erase(id);
    changes_.orders.insert(id);
    if (undelivered) cancel(id, now);
  }
  const Request request{.issuer = "wylacz", .reason = {}};
  for (const std::string& address : lines) {
    if (held.contains(address)) continue;
    std::vector<HostKey> there;
    for (const auto& [session, who] : sessions_)
      if (who.address == address) there.push_back(who.host);
    if (there.empty()) there.push_back(key_of_address(address));
    for (const HostKey& host : there) {
      Order* const active = active_order(host);
      if (active && active->line.empty()) {
        active->line = address;
        with_line_.insert(active->id);
        changes_.orders.insert(active->id);
        settle_line(*active);
      } else if (!active) {
        Order order;
        order.host = host;
        order.line = address;
        add_order(std::move(order), request, now);
      }
    }
  }
}

void Book::tick(Time now) {
  for (const OrderId id : std::vector<OrderId>{active_.begin(), active_.end()})
    look_at(orders_.at(id), now);
}

std::optional<Time> Book::deadline_of(const Order& order) const {
  if (order.state == State::ordered) {
    const bool waits_for_due = !order.offered && order.due > order.ordered;
    if (waits_for_due && is_connected(order.host)) return order.due;
    if (!order.cancel_wanted) return order.expires;
  }
  return std::max(order.changed, start_) +
         std::chrono::duration_cast<Time::duration>(settings_.down_limit);
}

void Book::look_at(Order& order, Time now) {
  if (order.state == State::ordered) {
    if (order.cancel_wanted && *deadline_of(order) <= now) {
      change(order, State::cancelled, "the host could not be asked", now);
    } else if (order.expires && *order.expires <= now) {
      if (const SessionId session = session_of(order.host); session && order.offered)
        changes_.dispatches.push_back({session, Dispatch::Word::cancel, order.id});
      change(order, State::expired,
             order.offered ? "the host did not answer" : "the host was not here", now);
    } else if (!order.offered) {
      offer(order, now);
    }
    return;
  }
  if (const auto deadline = deadline_of(order); deadline && *deadline <= now) {
    const std::string limit = netkit::to_text(settings_.down_limit);
    const bool silent = !is_connected(order.host);
    change(order, State::timeout,
           order.state == State::delivered && is_agent(order.host) ? "no answer within " + limit
           : silent ? "it left, but was not proved silent within " + limit
                    : "still up after " + limit,
           now);
    return;
  }
  const auto watch = watches_.find(order.host);
  if (watch != watches_.end()) look_at_silence(watch->second, order, now);
}

void Book::look_at_silence(Watch& watch, Order& order, Time now) {
  const auto verify = std::chrono::duration_cast<Time::duration>(settings_.verify);
  if (watch.probe != 0 || now < watch.silent_since + verify || is_connected(order.host)) return;
  const Host& host = hosts_.at(order.host);
  if (settings_.is_own_address(host.address)) {
    if (watch.said_goodbye) change(order, State::down, {}, now);
    return;
  }
  watch.probe = ++last_probe_;
  changes_.probes.push_back({watch.probe, host.key, host.address, host.ports});
}

std::optional<Time> Book::next_tick() const {
  std::optional<Time> next;
  const auto consider = [&](std::optional<Time> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const OrderId id : active_)
    consider(deadline_of(orders_.at(id)));
  const auto verify = std::chrono::duration_cast<Time::duration>(settings_.verify);
  for (const auto& [host, watch] : watches_)
    if (watch.probe == 0 && !is_connected(host)) {
      const bool hopeless =
          settings_.is_own_address(hosts_.at(host).address) && !watch.said_goodbye;
      if (!hopeless) consider(watch.silent_since + verify);
    }
  return next;
}

}  // namespace netkit::shutdown
