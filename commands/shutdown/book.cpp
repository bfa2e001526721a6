// Sessions and hosts: who is connected, and what their coming and going means for an order.
#include "commands/shutdown/book.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace netkit::shutdown {

void Book::restore(Host host) {
  const HostKey key = host.key;
  hosts_.insert_or_assign(key, std::move(host));
}

void Book::restore(Order order, Time now) {
  const OrderId id = order.id;
  start_ = now;
  order.changed = std::min(order.changed, now);  // The clock may have been set back.
  // The time tells which is a host's last, and one that is active always is.
  OrderId& last = last_order_[order.host];
  Order* const known = last == 0 ? nullptr : &orders_.at(last);
  const bool later = !known || known->ordered <= order.ordered;
  if (known && known->active() && order.active()) {
    // One host has one order; a second one is what a crash of an older version left.
    Order& ended = later ? *known : order;
    ended.state = State::cancelled;
    ended.why = "replaced by a later order";
    active_.erase(ended.id);
    if (later) watches_.erase(ended.host);
    changes_.orders.insert(ended.id);
    changes_.steps.push_back(ended);
  }
  if (!known || order.active() || (later && !known->active())) last = id;
  // Whether a plain client was told before the end is not known: better twice than never.
  if (order.state == State::ordered && !is_agent(order.host)) order.offered = false;
  if (order.active()) active_.insert(id);
  if (!order.line.empty()) with_line_.insert(id);
  const Order& kept = orders_.insert_or_assign(id, std::move(order)).first->second;
  host_at(kept.host, now);
  // Nobody is connected yet. Whoever was going when the server ended may be silent by now.
  if (waits_for_silence(kept)) watch(kept, false, now);
}

Host& Book::host_at(const HostKey& key, Time now) {
  auto [found, added] = hosts_.try_emplace(key);
  Host& host = found->second;
  if (!added) return host;
  host.key = key;
  host.since = now;
  if (hosts_.size() > hosts_max) make_room();
  if (!host.has_agent()) host.name = host.address = key.substr(2);
  changes_.hosts.insert(key);
  return host;
}

/// Whoever can connect can invent hosts: those that nobody enrolled or orders go first.
void Book::make_room() {
  const Host* oldest = nullptr;
  for (const auto& [key, host] : hosts_) {
    if (host.enrolled || is_connected(key) || !host.last_seen) continue;
    if (const Order* const order = order_of(key); order && order->active()) continue;
    if (!oldest || *host.last_seen < *oldest->last_seen) oldest = &host;
  }
  if (!oldest) return;
  const HostKey key = oldest->key;
  if (const Order* const last = order_of(key)) changes_.replaced.push_back(last->id);
  last_order_.erase(key);
  changes_.hosts.insert(key);
  hosts_.erase(key);
}

void Book::agent_connected(SessionId session, const std::string& address, const Hello& hello,
                           bool enrolled, Time now) {
  const HostKey key = key_of(hello.machine);
  Host& host = host_at(key, now);
  // The same machine again: its former connection is one that died without a word.
  for (const SessionId former : sessions_of_[key])
    changes_.dispatches.push_back({former, Dispatch::Word::leave, 0});
  if (sessions_of_[key].empty()) host.since = now;
  host.machine = hello.machine;
  host.boot = hello.boot;
  host.name = hello.host;
  host.address = address;
  host.exec = hello.exec;
  host.version = hello.version;
  host.hardware_addresses = hello.hardware_addresses;
  host.ports = hello.ports;
  host.dry_run = hello.dry_run;
  host.enrolled = enrolled;
  host.last_seen = now;
  sessions_[session] = {key, address, true};
  sessions_of_[key].push_back(session);
  changes_.hosts.insert(key);
  changes_.seen.push_back(address);
  take_line_orders(address, key, now);
  if (Order* order = active_order(key)) resume(*order, host, now);
}

void Book::plain_connected(SessionId session, const std::string& address, Time now) {
  const HostKey key = key_of_address(address);
  Host& host = host_at(key, now);
  if (sessions_of_[key].empty()) host.since = now;
  host.last_seen = now;
  sessions_[session] = {key, address, false};
  sessions_of_[key].push_back(session);
  changes_.hosts.insert(key);
  Order* const order = active_order(key);
  // As the original: who is on the one list is not put on the other.
  if (!order || order->line.empty()) changes_.seen.push_back(address);
  if (!order) return;
  watches_.erase(key);
  if (order->state == State::ordered) offer(*order, now);
}

/// An order to a host that has come (back).
void Book::resume(Order& order, const Host& host, Time now) {
  watches_.erase(host.key);
  const bool same_boot = order.boot == host.boot;
  if (order.offered && !same_boot) {
    if (order.state == State::ordered)
      change(order, State::expired, "the host has booted since and may never have had it", now);
    else if (order.state == State::going)
      change(order, State::down, "it has booted again since", now);
    else
      change(order, State::timeout, "the host has booted since and never said that it obeyed", now);
    return;
  }
  offer(order, now);
}

/// An order that waited for whoever comes from an address becomes that of the agent that came.
void Book::take_line_orders(const std::string& address, const HostKey& host, Time now) {
  Order* const waiting = active_order(key_of_address(address));
  if (!waiting || waiting->line.empty() || waiting->state != State::ordered || waiting->offered)
    return;
  if (active_order(host)) {
    change(*waiting, State::cancelled, "the host has an order already", now);
    return;
  }
  last_order_.erase(waiting->host);
  changes_.hosts.insert(waiting->host);
  waiting->host = host;
  last_order_[host] = waiting->id;
  changes_.orders.insert(waiting->id);
}

void Book::progress(SessionId session, const Progress& progress, Time now) {
  const auto from = sessions_.find(session);
  const auto found = orders_.find(progress.order);
  if (from == sessions_.end() || found == orders_.end()) return;
  Order& order = found->second;
  if (order.host != from->second.host || !order.active()) return;
  // Steps only lead on: an agent that was offered the order again repeats what is known.
  switch (progress.step) {
    case Step::receipt:
      if (order.state < State::delivered) change(order, State::delivered, {}, now);
      break;
    case Step::accepted:
      if (order.state < State::accepted) change(order, State::accepted, {}, now);
      break;
    case Step::going:
      if (order.state < State::going) change(order, State::going, {}, now);
      break;
    case Step::refused: change(order, State::refused, progress.why, now); break;
    case Step::cancelled: change(order, State::cancelled, {}, now); break;
  }
}

void Book::goodbye(SessionId session, const Goodbye& goodbye, Time now) {
  const auto from = sessions_.find(session);
  if (from == sessions_.end()) return;
  Order* const order = active_order(from->second.host);
  if (!order) return;
  // Whoever goes away on an order that it accepted obeys it, whether or not its last step came.
  const bool obeys = order->id == goodbye.order && order->offered;
  if (obeys && order->state < State::going) change(*order, State::going, {}, now);
  if (waits_for_silence(*order)) watch(*order, obeys, now);
}

void Book::yep_written(SessionId session, OrderId id, Time now) {
  const auto found = orders_.find(id);
  if (found == orders_.end() || found->second.state != State::ordered) return;
  change(found->second, State::delivered, {}, now);
  // It may have gone before we came to note that it was told.
  if (!sessions_.contains(session) && !is_connected(found->second.host))
    watch(found->second, false, now);
}

void Book::disconnected(SessionId session, bool polite, Time now) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  const HostKey key = found->second.host;
  polite = polite && !found->second.agent;  // An agent says goodbye by a message.
  sessions_.erase(found);
  // Hosts come and go, and their keys must not stay behind.
  const auto of_host = sessions_of_.find(key);
  std::erase(of_host->second, session);
  const bool was_last = of_host->second.empty();
  if (was_last) sessions_of_.erase(of_host);
  Host& host = host_at(key, now);
  host.last_seen = now;
  if (was_last) host.since = now;
  changes_.hosts.insert(key);
  if (was_last) lost(key, polite, now);
}

void Book::lost(const HostKey& host, bool polite, Time now) {
  Order* const order = active_order(host);
  if (!order) return;
  // It left before the word reached its socket: the next one to come is told.
  if (!is_agent(host) && order->state == State::ordered) order->offered = false;
  if (!waits_for_silence(*order)) return;
  const auto known = watches_.find(host);
  const bool said_goodbye = polite || (known != watches_.end() && known->second.said_goodbye);
  watch(*order, said_goodbye, now);
}

bool Book::waits_for_silence(const Order& order) const {
  return order.state == State::going || order.state == State::accepted ||
         (!is_agent(order.host) && order.state == State::delivered);
}

void Book::watch(const Order& order, bool said_goodbye, Time now) {
  watches_[order.host] = {now, said_goodbye, 0};
}

void Book::probed(const Probe& probe, bool alive, Time now) {
  const HostKey& host = probe.host;
  const auto found = watches_.find(host);
  if (found == watches_.end() || found->second.probe != probe.id) return;
  Watch& watch = found->second;
  watch.probe = 0;
  if (alive)
    watch.silent_since = now;
  else if (Order* const order = active_order(host); order && !is_connected(host))
    change(*order, State::down, {}, now);
}

const Host* Book::find_host(const HostKey& key) const {
  const auto found = hosts_.find(key);
  return found == hosts_.end() ? nullptr : &found->second;
}

const Order* Book::find_order(OrderId id) const {
  const auto found = orders_.find(id);
  return found == orders_.end() ? nullptr : &found->second;
}

const Order* Book::order_of(const HostKey& host) const {
  const auto found = last_order_.find(host);
  return found == last_order_.end() ? nullptr : find_order(found->second);
}

Order* Book::active_order(const HostKey& host) {
  const auto found = last_order_.find(host);
  if (found == last_order_.end()) return nullptr;
  const auto order = orders_.find(found->second);
  return order != orders_.end() && order->second.active() ? &order->second : nullptr;
}

SessionId Book::session_of(const HostKey& host) const {
  const auto found = sessions_of_.find(host);
  return found == sessions_of_.end() || found->second.empty() ? 0 : found->second.back();
}

std::vector<SessionId> Book::sessions_of(const HostKey& host) const {
  const auto found = sessions_of_.find(host);
  return found == sessions_of_.end() ? std::vector<SessionId>{} : found->second;
}

bool Book::is_connected(const HostKey& host) const {
  return session_of(host) != 0;
}

std::vector<HostKey> Book::matching(std::string_view text) const {
  std::vector<HostKey> by_name;
  std::vector<HostKey> by_address;
  const std::optional<Id> machine = parse_id(text);
  bool agent_there = false;
  for (const auto& [key, host] : hosts_) {
    if (machine && host.has_agent() && host.machine == *machine) return {key};
    const std::string_view name = host.name;
    if (host.address == text) {
      by_address.push_back(key);
      agent_there = agent_there || host.has_agent();
    } else if (equal_ignoring_case(name, text) ||
               equal_ignoring_case(name.substr(0, name.find('.')), text)) {
      by_name.push_back(key);
    }
  }
  // What an agent calls itself must not take the place of an address.
  if (!by_address.empty()) {
    // Where an agent introduced itself from, it is meant, and not whoever was there before.
    if (agent_there)
      std::erase_if(by_address,
                    [&](const HostKey& key) { return !is_agent(key) && !is_connected(key); });
    return by_address;
  }
  // Nor that of a host that was enrolled by the same name.
  const auto enrolled = [&](const HostKey& key) { return hosts_.at(key).enrolled; };
  if (std::any_of(by_name.begin(), by_name.end(), enrolled))
    std::erase_if(by_name, std::not_fn(enrolled));
  return by_name;
}

std::string_view Book::state_of(const Host& host) const {
  const Order* const order = order_of(host.key);
  if (order && order->active()) return to_text(order->state);
  if (is_connected(host.key)) return "online";
  const bool last_word = order && host.last_seen && order->changed >= *host.last_seen;
  if (last_word && (order->state == State::down || order->state == State::timeout))
    return to_text(order->state);
  return "offline";
}

}  // namespace netkit::shutdown
