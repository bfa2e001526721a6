// The plan that a server carries out, at most one at a time: between the pure run, the book and the
// records. Survives a restart of the server.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "commands/shutdown/book.hpp"
#include "commands/shutdown/plan.hpp"
#include "commands/shutdown/records.hpp"

namespace netkit::shutdown {

class PlanDesk {
 public:
  /// Orders one host for the plan; the order may have been there before. 0: it could not be given
  /// now, and is tried again.
  using GiveOrder = std::function<OrderId(const HostKey& host, const Request& request)>;

  bool is_running() const { return run_ && record_.running; }
  /// The one that runs or ran last.
  const std::optional<PlanRun>& run() const { return run_; }
  const PlanRecord& record() const { return record_; }

  void begin(PlanRecord record, std::vector<Stage> stages, Time now);
  /// Goes on with a plan that was running when the server ended.
  Status resume(PlanRecord record, const Book& book);
  /// Orders nobody else; what was ordered stands.
  void stop();
  /// Forgets a plan that could not be kept; its orders so far are the caller's to take back.
  std::vector<OrderId> drop();

  /// Looks at what became of the orders and gives those that are due. True if the record is to be
  /// kept anew and the plan to be shown again.
  bool step(const Book& book, Time now, const GiveOrder& give_order);
  std::optional<Time> deadline() const;

  /// One JSON object, or null without a plan. A host's state is that of its order; without one it
  /// is "waiting", or "failed" once its stage or the plan is over.
  std::string show(const Book& book) const;

 private:
  void write_progress();
  std::string_view state_of(std::size_t stage, const HostKey& host, const Book& book) const;
  bool order(const HostKey& host, const GiveOrder& give_order);

  std::optional<PlanRun> run_;
  PlanRecord record_;
  std::unordered_map<HostKey, OrderId> orders_;
  bool changed_ = false;
};

}  // namespace netkit::shutdown
