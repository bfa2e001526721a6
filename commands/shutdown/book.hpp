// The book of hosts and orders: every rule about what an order may become, and when. Pure: fed
// events and the time, it changes its records and says what is to be sent, probed, kept and told.
// The desk keeps records on disk before it does any of that.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "commands/shutdown/orders.hpp"

namespace netkit::shutdown {

/// One connection of an agent or of a plain client. Never 0, never used twice.
using SessionId = std::uint64_t;

/// What is to be said to a session, in full once it is known that it is on disk.
struct Dispatch {
  enum class Word : std::uint8_t {
    offer,   ///< To an agent: the order as it stands then.
    cancel,  ///< To an agent: not to obey it, if it still can.
    yep,     ///< To a plain client: it is to go.
    leave,   ///< Nothing: the connection ends.
  };

  SessionId session = 0;
  Word word = Word::leave;
  OrderId order = 0;
};

/// A host that has to be proved silent.
struct Probe {
  std::uint64_t id = 0;
  HostKey host;
  std::string address;
  std::vector<std::uint16_t> ports;
};

/// What one turn of the book amounts to.
struct Changes {
  std::set<HostKey> hosts;
  std::set<OrderId> orders;
  std::vector<Order> steps;  ///< As each order was behind each change of its state, in their order.
  std::vector<Dispatch> dispatches;
  std::vector<Probe> probes;
  std::vector<OrderId> replaced;        ///< A later order of their host has their place.
  std::vector<std::string> lines_due;   ///< Addresses that are to have a line in `wylacz`.
  std::vector<std::string> lines_done;  ///< Addresses whose lines have had their effect.
  std::vector<std::string> seen;        ///< Addresses for `lista`.
};

struct BookSettings {
  std::chrono::nanoseconds verify{};      ///< Silence that proves a host down.
  std::chrono::nanoseconds down_limit{};  ///< After each step of a delivered order.
  /// True for an address of this machine: it answers whatever the host behind it does.
  std::function<bool(std::string_view address)> is_own_address;
  std::function<OrderId()> new_id;  ///< Never 0, never used before.
};

/// What an operator, a plan or a line asks for.
struct Request {
  std::string issuer;
  std::string reason;
  bool force = false;
  std::chrono::nanoseconds delay{0};
  std::chrono::nanoseconds expire{0};  ///< After the delay; zero: never.
  std::uint64_t plan = 0;
};

class Book {
 public:
  static constexpr std::size_t hosts_max = 20'000;
  /// Changes::steps that wait to be told.
  static constexpr std::ptrdiff_t steps_max = 65'536;

  explicit Book(BookSettings settings) : settings_{std::move(settings)} {}

  // At the start, before anything else: what was kept. Orders that are neither active nor hold a
  // line only matter as a host's last one.
  void restore(Host host);
  void restore(Order order, Time now);

  // Sessions.
  void agent_connected(SessionId session, const std::string& address, const Hello& hello,
                       bool enrolled, Time now);
  void plain_connected(SessionId session, const std::string& address, Time now);
  void progress(SessionId session, const Progress& progress, Time now);
  void goodbye(SessionId session, const Goodbye& goodbye, Time now);
  /// A plain client's `yep` has been handed to its socket.
  void yep_written(SessionId session, OrderId order, Time now);
  /// `polite`: it said that it would go.
  void disconnected(SessionId session, bool polite, Time now);
  void probed(const Probe& probe, bool alive, Time now);

  // Orders. One host has at most one active order: ordering it again answers with that one.
  OrderId order(const HostKey& host, const Request& request, Time now);
  /// For a host without an agent, by a line in `wylacz` that is written once the order is kept.
  OrderId order_by_line(const std::string& address, const Request& request, Time now);
  /// False if it is going already, or over.
  bool cancel(OrderId order, Time now);
  /// Lines that were due stand in `wylacz` now.
  void lines_written(const std::vector<std::string>& addresses);
  /// The addresses in `wylacz` as they are now.
  void lines_are(const std::set<std::string>& lines, Time now);
  /// Takes new orders back that could not be kept, and out of what `held` has of them.
  void withdraw(const std::vector<OrderId>& orders, Changes& held);

  /// Time passes: what is due, expired, silent or late.
  void tick(Time now);
  /// When tick() has something to do next.
  std::optional<Time> next_tick() const;

  /// Orders that were replaced are on disk: the records have them from now on.
  void forget(const std::vector<OrderId>& orders);
  /// Adds what happened since the last call to `held`, in order.
  void take_changes_into(Changes& held);

  // Looking.
  const Host* find_host(const HostKey& key) const;
  const Order* find_order(OrderId id) const;
  /// The active order of a host, or its last one; nullptr without any.
  const Order* order_of(const HostKey& host) const;
  bool is_connected(const HostKey& host) const;
  std::vector<SessionId> sessions_of(const HostKey& host) const;
  const std::map<HostKey, Host>& hosts() const { return hosts_; }
  /// Hosts that `text` names: by name (whole or up to its first dot), machine id or address.
  std::vector<HostKey> matching(std::string_view text) const;
  /// online, offline, or the state of an order that is active or was the last word.
  std::string_view state_of(const Host& host) const;

 private:
  struct Session {
    HostKey host;
    std::string address;
    bool agent = false;
  };
  /// Waits for the proof that a host with an active order is down.
  struct Watch {
    Time silent_since;
    bool said_goodbye = false;
    std::uint64_t probe = 0;  ///< The one under way; 0: none.
  };

  Host& host_at(const HostKey& key, Time now);
  void make_room();
  Order* active_order(const HostKey& host);
  OrderId add_order(Order order, const Request& request, Time now);
  void change(Order& order, State state, std::string why, Time now);
  void offer(Order& order, Time now);
  void offer_to(Order& order, SessionId session);
  void resume(Order& order, const Host& host, Time now);
  void take_line_orders(const std::string& address, const HostKey& host, Time now);
  void lost(const HostKey& host, bool polite, Time now);
  void watch(const Order& order, bool said_goodbye, Time now);
  void settle_line(Order& order);
  void look_at(Order& order, Time now);
  void look_at_silence(Watch& watch, Order& order, Time now);
  std::optional<Time> deadline_of(const Order& order) const;
  SessionId session_of(const HostKey& host) const;
  bool waits_for_silence(const Order& order) const;

  const BookSettings settings_;
  std::map<HostKey, Host> hosts_;
  std::unordered_map<OrderId, Order> orders_;
  std::unordered_map<HostKey, OrderId> last_order_;
  std::unordered_map<SessionId, Session> sessions_;
  std::unordered_map<HostKey, std::vector<SessionId>> sessions_of_;  // The last one is the latest.
  std::unordered_map<HostKey, Watch> watches_;
  std::set<OrderId> active_;
  std::set<OrderId> with_line_;
  Time start_{};  // Of this book: no limit runs while no server does.
  std::uint64_t last_probe_ = 0;
  Changes changes_;
};

}  // namespace netkit::shutdown
