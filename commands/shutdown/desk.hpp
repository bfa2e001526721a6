// Where everything of a shutdown server comes together, on one thread: events from the sessions go
// into the book, what changed goes to disk, and only then to agents, clients and operators.
#pragma once

#include <asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "access/guard.hpp"
#include "base/result.hpp"
#include "commands/shutdown/book.hpp"
#include "commands/shutdown/list_door.hpp"
#include "commands/shutdown/operator_protocol.hpp"
#include "commands/shutdown/plan_desk.hpp"
#include "commands/shutdown/probe.hpp"
#include "commands/shutdown/records.hpp"
#include "log/logger.hpp"
#include "net/outlet.hpp"

namespace netkit::shutdown {

struct DeskSettings {
  std::string state_directory;
  std::string list_path;    ///< `lista`
  std::string orders_path;  ///< `wylacz`
  std::string server_name;
  std::chrono::nanoseconds verify{};
  std::chrono::nanoseconds down_limit{};
  std::chrono::nanoseconds heartbeat{};
  access::Guard* guard = nullptr;  ///< Who checks tokens of auth's; none: there are none.
};

/// What an auth service's tokens must have for this server, each for one of its doors.
namespace scope {
inline constexpr const char* read = "shutdown:read";      ///< Look at hosts and orders.
inline constexpr const char* order = "shutdown:order";    ///< That, and give orders.
inline constexpr const char* enrol = "shutdown:enrol";    ///< Make codes for agents.
inline constexpr const char* agent = "shutdown:agent";    ///< Be an agent without enrolment.
inline constexpr const char* client = "shutdown:client";  ///< Be a plain client.
}  // namespace scope

/// An agent that introduces itself: what its connection said.
struct Arrival {
  SessionId session = 0;
  std::string address;
  std::string token;     ///< As it was sent; empty: none.
  bool exposed = false;  ///< Over a connection that others may read.
  Hello hello;
  std::shared_ptr<net::Outlet> outlet;
  bool vouched = false;    ///< By the auth service: its token is good, though none of ours.
  std::string audience{};  ///< access::audience_of() its connection.
};

/// An operator's connection.
struct Operator {
  std::string name;
  std::shared_ptr<net::Outlet> outlet;
  bool local = false;  ///< On the admin socket: may make operators.
  bool watches = false;
  std::string address = {};
  std::string audience = {};  ///< access::audience_of() its connection.
  access::Who who = {};       ///< Whom the auth service vouches for; none: a token of our own.
  std::shared_ptr<access::Guard::Watch> watch = {};
  bool signing_in = false;             ///< The auth service has been asked.
  std::vector<wire::Json> early = {};  ///< Requests that came meanwhile.
};

/// All members run on the thread of `main`, to which sessions post their calls.
class Desk {
 public:
  static Result<std::unique_ptr<Desk>> open(DeskSettings settings, log::Logger& log,
                                            asio::io_context& main);
  ~Desk();
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  asio::io_context& main() { return main_; }
  const DeskSettings& settings() const { return settings_; }
  const Book& book() const { return book_; }

  void agent_arrives(Arrival arrival);
  void agent_reports(SessionId session, FromAgent message);
  /// `greet` runs once what an order has to say to this client has been posted.
  void plain_arrives(SessionId session, std::string address, std::shared_ptr<net::Outlet> outlet,
                     std::function<void()> greet);
  void session_ends(SessionId session, bool polite);

  /// By `token`; without one, by being allowed to open the admin socket.
  void operator_signs_in(SessionId session, std::shared_ptr<net::Outlet> outlet,
                         const std::optional<std::string>& token, const std::string& address,
                         const std::string& audience);
  void operator_says(SessionId session, const wire::Json& message);
  void operator_ends(SessionId session) { operators_.erase(session); }

  /// Stops timers and watches; what was kept is on disk already.
  void close();

 private:
  /// A request that is answered once what it changed is on disk.
  struct Pending {
    std::shared_ptr<net::Outlet> outlet{};
    std::int64_t request = 0;
    std::vector<OrderId> orders{};  ///< To be shown in the answer.
    std::vector<OrderId> fresh{};   ///< To be taken back if they cannot be kept.
    bool plan = false;              ///< The answer shows the plan instead.
    bool cancels = false;           ///< What it asked for cannot be taken back.
  };

  Desk(DeskSettings settings, Records records, log::Logger& log, asio::io_context& main);

  Time now() const;
  Status start();
  void wake_up();
  void turn();
  bool keep();
  void step_plan(Time at);
  Result<OrderId> order_host(const HostKey& key, const Request& request);
  std::vector<HostKey> matching(std::string_view text) const;
  void give_up_on_new_orders(const Error& failure);
  void say_yep(SessionId session, OrderId order, net::Outlet& outlet);
  void clean_up(Time at);
  void release();
  void dispatch(const Dispatch& each);
  void tell_operators(const Changes& changes);
  void answer_pending();
  void set_timer();
  void log_order(const Order& order);
  OrderId new_order_id() const;

  /// Whom a token of our own belongs to if it may order; Errc::refused otherwise.
  Result<std::string> operator_of(std::string_view token);
  void operator_checked(SessionId session, Result<access::Who> who);
  void welcome_operator(const Operator& who, std::string_view right);
  void turn_away(net::Outlet& outlet, const std::string& address, const Error& why);
  /// Errc::refused if that operator may not ask for this.
  Status permitted(const Operator& who, const OperatorRequest& request) const;
  /// The token for a newly enrolled agent, or empty; Errc::refused for one that may not come.
  Result<std::string> admit(const Arrival& arrival, bool& enrolled);
  void reject(const Arrival& arrival, const Error& why);
  /// True if the auth service has to vouch for it.
  Result<bool> needs_voucher(const Arrival& arrival);
  void ask_for_agent(Arrival arrival);
  void take_agent(Arrival arrival);

  /// The hosts that a request names. Errc::usage for a name of several, which go to `matches_`.
  Result<std::vector<HostKey>> resolve(const OperatorRequest& request);
  // Each answers by what it returns: a whole message, or nothing if the answer has to wait.
  using Answer = Result<std::string>;
  Answer answer(Operator& who, const OperatorRequest& request);
  Answer order(Operator& who, const OperatorRequest& request);
  Answer cancel(Operator& who, const OperatorRequest& request);
  Answer plan(Operator& who, const OperatorRequest& request);
  void answer_with_plan(const Operator& who, const OperatorRequest& request);
  Answer cancel_plan(Operator& who, const OperatorRequest& request);
  Answer history(const OperatorRequest& request);
  Answer wake(Operator& who, const OperatorRequest& request);
  asio::awaitable<void> send_wake(std::shared_ptr<net::Outlet> to, std::int64_t id,
                                  std::vector<HostKey> hosts);
  Answer enrol(Operator& who, const OperatorRequest& request);
  Answer watch(Operator& who, const OperatorRequest& request);
  void end_connections_of(std::string_view name);
  /// JSON arrays.
  Result<std::string> latest_orders(std::size_t limit);
  std::string all_hosts() const;
  std::string show_order(const Order& order) const;

  const DeskSettings settings_;
  log::Logger& log_;
  asio::io_context& main_;
  const Time started_;
  const std::chrono::steady_clock::time_point steady_start_;
  Records records_;
  OwnAddresses own_addresses_;
  Book book_;
  PlanDesk plans_;
  bool plan_changed_ = false;
  std::optional<ListDoor> listed_;   ///< `lista`
  std::optional<ListDoor> ordered_;  ///< `wylacz`
  std::optional<Prober> prober_;
  std::unordered_map<SessionId, std::shared_ptr<net::Outlet>> outlets_;
  std::map<SessionId, Operator> operators_;
  std::unordered_map<SessionId, std::function<void()>> greetings_;
  /// Agents that the auth service is asked about; then what ends them with their token.
  std::unordered_map<SessionId, std::shared_ptr<access::Guard::Watch>> vouched_;
  std::vector<Pending> pending_;
  std::vector<std::string> matches_;
  Changes held_;  ///< Not on disk yet, and so told to nobody.
  std::optional<asio::steady_timer> timer_;
  bool turn_due_ = false;
  bool failing_ = false;
  Time next_clean_up_{};
  bool closed_ = false;
};

}  // namespace netkit::shutdown
