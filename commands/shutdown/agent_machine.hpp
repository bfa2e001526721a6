// What an agent decides: which orders it takes, in which steps it carries one out, what it tells
// the server. Fed messages, results and signals, it answers with what to do. Opens nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "commands/shutdown/protocol.hpp"

namespace netkit::shutdown {

/// What an agent holds to whatever a server says.
struct AgentRules {
  Id boot{};
  std::string host;
  std::string confirm_host;  ///< The only name an order is taken under; empty: any.
  std::string command;       ///< As shown to people.
  bool dry_run = false;
  bool once = false;
};

/// What became of an order that is not under way any more.
enum class Outcome : std::uint8_t { refused, cancelled, started };

/// Time that goes on while the machine sleeps: an order must not outlive its expiry in a suspend.
using Instant = std::chrono::nanoseconds;

// What the machine asks for; each part of the work is answered by one of its methods.
struct Tell {  ///< Send this, if there is a connection.
  FromAgent message;
};
struct CheckInhibitors {  ///< Answered by inhibitors_checked().
  OrderOffer order;
};
struct RunHooks {  ///< Answered by hooks_ended().
  OrderOffer order;
};
struct StopHooks {  ///< They are not waited for; hooks_ended() is passed over.
  OrderId order;
};
struct StartCommand {  ///< Answered by command_begun(), then command_ended() if we are its parent.
  OrderOffer order;
};
struct Note {  ///< For the log.
  enum class What : std::uint8_t { order, refuse, exec, cancel, goodbye } what;
  OrderId order;
  std::string why;          ///< order: the reason that was given. exec: the command.
  std::string issuer = {};  ///< order only.
};
struct End {  ///< Everything has been said: close the connection and end with this.
  Status outcome;
};
using Deed = std::variant<Tell, CheckInhibitors, RunHooks, StopHooks, StartCommand, Note, End>;
using Deeds = std::vector<Deed>;

/// One agent from its start to its end. Whatever is interleaved, it asks for StartCommand at most
/// once for an order; that this holds across its own deaths is for the claim on disk.
class AgentMachine {
 public:
  explicit AgentMachine(AgentRules rules) : rules_{std::move(rules)} {}

  /// An order whose claim of this boot was found at the start; `failure` is empty unless its
  /// command is known to have failed.
  void remember_started(OrderId order, std::string failure);

  /// A connection is up and the server has answered hello: repeats what it may have missed.
  Deeds connected();
  Deeds received(const OrderOffer& order, Instant now);
  Deeds received(const CancelOffer& cancel);

  /// `why` is empty if nothing stands against the order.
  Deeds inhibitors_checked(OrderId order, std::string why, Instant now);
  Deeds hooks_ended(OrderId order, std::string why, Instant now);
  Deeds command_begun(OrderId order, const Status& begun);
  /// The claim was there: an agent before this one started it. `failure` as above.
  Deeds command_was_begun(OrderId order, std::string failure);
  /// `failure` is empty if it succeeded.
  Deeds command_ended(OrderId order, std::string failure);

  /// SIGTERM, SIGINT: a goodbye, with the order that may be the cause, then End.
  Deeds stopped();

 private:
  enum class Phase : std::uint8_t { inhibitors, hooks, starting, running };
  struct Current {
    OrderOffer order;
    std::optional<Instant> expires;
    Phase phase = Phase::inhibitors;
  };
  struct Known {
    OrderId order;
    Outcome outcome;
    std::string why;
  };

  Deeds begin(const OrderOffer& order, Instant now);
  Deeds advance(Phase phase, Instant now);
  Deeds refuse(OrderId order, const std::string& why);
  Deeds refuse_current(std::string why);
  void end(Deeds& deeds, std::string why, Status outcome);
  void end_if_once(Deeds& deeds, Status outcome);
  std::string objection(const OrderOffer& order) const;
  static FromAgent answer_about(const Known& known);
  OrderId going() const;
  bool is_current(OrderId order, Phase phase) const;
  const Known* find(OrderId order) const;
  void keep(OrderId order, Outcome outcome, std::string why);

  AgentRules rules_;
  std::optional<Current> current_;
  std::deque<Known> known_;  // The newest last.
  OrderId begun_ = 0;        // The last one whose command was started.
  bool over_ = false;        // End was asked for: nothing begins any more.
};

}  // namespace netkit::shutdown
