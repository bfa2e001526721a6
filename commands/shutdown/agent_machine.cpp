// The steps of an order: inhibitors, hooks, command. An order that was refused, cancelled or
// started is answered from memory when it comes again.
#include "commands/shutdown/agent_machine.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace netkit::shutdown {
namespace {

/// Orders whose end is remembered; claims on disk know all that were started.
constexpr std::size_t known_max = 256;
/// Ten years: whatever is longer must not overflow the clock.
constexpr std::uint64_t validity_max_ms = 10ULL * 366 * 24 * 3600 * 1000;

Tell progress(Step step, OrderId order, std::string why = {}) {
  return {Progress{step, order, std::move(why)}};
}

template <typename... Parts>
Deeds deeds(Parts... parts) {
  Deeds all;
  (all.emplace_back(std::move(parts)), ...);
  return all;
}

}  // namespace

void AgentMachine::remember_started(OrderId order, std::string failure) {
  const Outcome outcome = failure.empty() ? Outcome::started : Outcome::refused;
  keep(order, outcome, std::move(failure));
}

Deeds AgentMachine::connected() {
  if (over_ || begun_ == 0) return {};
  if (is_current(begun_, Phase::running)) return deeds(progress(Step::going, begun_));
  // What has not begun is offered again; what became of a command the server may never have heard.
  const Known* known = current_ ? nullptr : find(begun_);
  return known ? deeds(Tell{answer_about(*known)}) : Deeds{};
}

Deeds AgentMachine::received(const OrderOffer& order, Instant now) {
  const OrderId id = order.order;
  if (over_) return {};
  if (current_ && current_->order.order == id) {
    switch (current_->phase) {
      case Phase::starting: return deeds(progress(Step::receipt, id), progress(Step::accepted, id));
      case Phase::running: return deeds(progress(Step::going, id));
      default: return deeds(progress(Step::receipt, id));
    }
  }
  if (const Known* known = find(id)) return deeds(Tell{answer_about(*known)});
  return begin(order, now);
}

Deeds AgentMachine::begin(const OrderOffer& order, Instant now) {
  const OrderId id = order.order;
  Deeds all =
      deeds(Note{Note::What::order, id, order.reason, order.issuer}, progress(Step::receipt, id));
  const auto add = [&all](Deeds more) {
    std::move(more.begin(), more.end(), std::back_inserter(all));
    return all;
  };
  if (const std::string why = objection(order); !why.empty()) return add(refuse(id, why));
  current_ = Current{.order = order, .expires = {}};
  if (order.valid_for_ms > 0)
    current_->expires =
        now + std::chrono::milliseconds{std::min(order.valid_for_ms, validity_max_ms)};
  if (rules_.confirm_host.empty() || equal_ignoring_case(rules_.confirm_host, rules_.host))
    return add(order.force ? advance(Phase::hooks, now) : advance(Phase::inhibitors, now));
  return add(refuse_current("this host is " + rules_.host + ", and its agent obeys only as " +
                            rules_.confirm_host + " (--confirm-host)"));
}

/// What makes an order none of ours.
std::string AgentMachine::objection(const OrderOffer& order) const {
  if (order.order == 0) return "an order without an id";
  if (order.boot != rules_.boot)
    return "the order is for the boot " + to_text(order.boot) + ", this one is " +
           to_text(rules_.boot);
  if (current_) return "the order " + to_text(current_->order.order) + " is under way";
  return {};
}

/// Begins `phase` unless the order has expired meanwhile.
Deeds AgentMachine::advance(Phase phase, Instant now) {
  if (current_->expires && now >= *current_->expires)
    return refuse_current("the order has expired");
  current_->phase = phase;
  const OrderOffer& order = current_->order;
  if (phase == Phase::inhibitors) return deeds(CheckInhibitors{order});
  if (phase == Phase::hooks) return deeds(RunHooks{order});
  if (rules_.dry_run) return refuse_current("dry run: would run " + rules_.command);
  return deeds(progress(Step::accepted, order.order), StartCommand{order});
}

Deeds AgentMachine::inhibitors_checked(OrderId order, std::string why, Instant now) {
  if (over_ || !is_current(order, Phase::inhibitors)) return {};
  return why.empty() ? advance(Phase::hooks, now) : refuse_current(std::move(why));
}

Deeds AgentMachine::hooks_ended(OrderId order, std::string why, Instant now) {
  if (over_ || !is_current(order, Phase::hooks)) return {};
  return why.empty() ? advance(Phase::starting, now) : refuse_current(std::move(why));
}

Deeds AgentMachine::command_begun(OrderId order, const Status& begun) {
  if (!is_current(order, Phase::starting)) return {};
  if (!begun) return refuse_current(begun.error().message());
  current_->phase = Phase::running;
  begun_ = order;
  return deeds(Note{Note::What::exec, order, rules_.command}, progress(Step::going, order));
}

Deeds AgentMachine::command_was_begun(OrderId order, std::string failure) {
  if (!is_current(order, Phase::starting)) return {};
  if (!failure.empty()) return refuse_current(std::move(failure));
  current_.reset();
  keep(order, Outcome::started, {});
  begun_ = order;
  Deeds all = deeds(progress(Step::going, order));
  end_if_once(all, ok);
  return all;
}

Deeds AgentMachine::command_ended(OrderId order, std::string failure) {
  if (!is_current(order, Phase::running)) return {};
  if (!failure.empty()) {
    Deeds all = refuse(order, failure);
    current_.reset();
    end_if_once(all, Error{Errc::stopped, "carry out the order " + to_text(order), failure});
    return all;
  }
  // It stays `going`: what comes next is our own end. If the host stays up all the same, another
  // order may be given.
  current_.reset();
  keep(order, Outcome::started, {});
  Deeds all;
  end_if_once(all, ok);
  return all;
}

Deeds AgentMachine::received(const CancelOffer& cancel) {
  if (over_) return {};
  const OrderId id = cancel.order;
  if (current_ && current_->order.order == id) {
    if (current_->phase == Phase::running) return deeds(progress(Step::going, id));
    if (current_->phase == Phase::starting) return {};  // What comes of it is the answer.
    const bool hooks_run = current_->phase == Phase::hooks;
    current_.reset();
    keep(id, Outcome::cancelled, {});
    Deeds all = deeds(Note{Note::What::cancel, id, {}}, progress(Step::cancelled, id));
    if (hooks_run) all.emplace_back(StopHooks{id});
    return all;
  }
  if (const Known* known = find(id)) return deeds(Tell{answer_about(*known)});
  // Never heard of: it shall not be carried out if it comes late.
  if (id != 0) keep(id, Outcome::cancelled, {});
  return deeds(Note{Note::What::cancel, id, {}}, progress(Step::cancelled, id));
}

Deeds AgentMachine::stopped() {
  if (over_) return {};
  Deeds all;
  if (current_ && current_->phase == Phase::hooks)
    all.emplace_back(StopHooks{current_->order.order});
  end(all, "stopped", ok);
  return all;
}

/// The order that may be the reason for our end: its command cannot be held back any more.
OrderId AgentMachine::going() const {
  if (current_ && current_->phase >= Phase::starting) return current_->order.order;
  const Known* known = find(begun_);
  return known && known->outcome == Outcome::started ? begun_ : 0;
}

Deeds AgentMachine::refuse(OrderId order, const std::string& why) {
  // What is not ours is not remembered: strangers' ids must not push out our own.
  const bool ours = current_ && current_->order.order == order;
  if (ours) keep(order, Outcome::refused, why);
  return deeds(Note{Note::What::refuse, order, why}, progress(Step::refused, order, why));
}

Deeds AgentMachine::refuse_current(std::string why) {
  const OrderId order = current_->order.order;
  // Only a dry run is refused this late before the command: all went well.
  const bool dry = rules_.dry_run && current_->phase == Phase::starting;
  Deeds all = refuse(order, why);
  current_.reset();
  end_if_once(
      all, dry ? Status{ok} : Error{Errc::refused, "carry out the order " + to_text(order), why});
  return all;
}

void AgentMachine::end(Deeds& all, std::string why, Status outcome) {
  const OrderId order = going();
  over_ = true;
  all.emplace_back(Note{Note::What::goodbye, order, why});
  all.emplace_back(Tell{Goodbye{order, std::move(why)}});
  all.emplace_back(End{std::move(outcome)});
}

void AgentMachine::end_if_once(Deeds& all, Status outcome) {
  if (rules_.once && !over_) end(all, "--once", std::move(outcome));
}

FromAgent AgentMachine::answer_about(const Known& known) {
  switch (known.outcome) {
    case Outcome::refused: return Progress{Step::refused, known.order, known.why};
    case Outcome::cancelled: return Progress{Step::cancelled, known.order, {}};
    case Outcome::started: break;
  }
  return Progress{Step::going, known.order, {}};
}

bool AgentMachine::is_current(OrderId order, Phase phase) const {
  return current_ && current_->order.order == order && current_->phase == phase;
}

const AgentMachine::Known* AgentMachine::find(OrderId order) const {
  const auto found = std::find_if(known_.begin(), known_.end(),
                                  [&](const Known& known) { return known.order == order; });
  return found == known_.end() ? nullptr : &*found;
}

void AgentMachine::keep(OrderId order, Outcome outcome, std::string why) {
  std::erase_if(known_, [&](const Known& known) { return known.order == order; });
  if (known_.size() >= known_max) known_.pop_front();
  known_.push_back({order, outcome, std::move(why)});
}

}  // namespace netkit::shutdown
