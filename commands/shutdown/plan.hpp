// Plans: in which order hosts go down. A text becomes stages, stages become steps to read or a run
// to follow. Pure: reads no file, knows no clock, orders nothing itself.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "commands/shutdown/orders.hpp"

namespace netkit::shutdown {

// group NAME [=] HOST…         names hosts; @NAME stands for them, in other groups too
// stage NAME                   begins a stage: what follows belongs to it
// HOST… | @GROUP…              its hosts: a name, machine id or address, or a glob (web*)
// wait down<=60s               how long a host that does not go down holds up what comes after it
// max-in-flight N              at most N of the stage's hosts are on their way down at a time
// keep last                    the last of the stage's hosts goes after the others of the stage
// keep last HOST…              these go after everything else, whichever stage names them
//
// One statement a line, in UTF-8; `#` begins a comment. A glob stands for the known hosts that no
// line names and no earlier glob matches, so that `*` means the rest.

inline constexpr std::size_t plan_size_max = 1024 * 1024;
inline constexpr std::size_t plan_stages_max = 100;
inline constexpr std::size_t plan_hosts_max = 10'000;
inline constexpr std::size_t plan_groups_max = 1'000;
inline constexpr std::size_t plan_globs_max = 1'000;
inline constexpr std::size_t plan_group_depth_max = 16;
inline constexpr Duration plan_limit_default = std::chrono::seconds{60};
inline constexpr Duration plan_limit_max = std::chrono::hours{24};
/// What the hosts kept last are the stage of.
inline constexpr std::string_view plan_last_stage = "last";

/// A host as the plan names it, groups already followed.
struct PlanName {
  std::string text;
  std::size_t line = 0;

  bool is_glob() const { return text.find_first_of("*?") != std::string::npos; }
};

template <typename Host>
struct BasicStage {
  std::string name;
  Duration limit = plan_limit_default;
  std::size_t in_flight_max = plan_hosts_max;
  bool keep_last = false;  ///< Its last host goes after the others.
  std::vector<Host> hosts;
};

struct Plan {
  std::vector<BasicStage<PlanName>> stages;
  std::vector<PlanName> kept_last;
};

/// Errors: too_large, not_utf8, usage (the message names the line and what is expected there).
Result<Plan> parse_plan(std::string_view text);

struct PlanHost {
  HostKey key;
  std::string name;  ///< For people.

  friend bool operator==(const PlanHost&, const PlanHost&) = default;
};
using Stage = BasicStage<PlanHost>;

struct KnownHosts {
  /// Those that a name, machine id or address means: none, one, or too many.
  std::function<std::vector<PlanHost>(std::string_view text)> matching;
  std::vector<PlanHost> all;  ///< What globs choose from, by name.
};

/// Stages of concrete hosts, each host in one of them. Errors: not_found (lists what means no known
/// host), usage (a text that means several hosts, two lines that mean the same one), too_large.
Result<std::vector<Stage>> resolve(const Plan& plan, const KnownHosts& known);

/// `*` and `?` in a pattern; ASCII letters match in both cases. Never slower than the product of
/// the sizes.
bool matches_glob(std::string_view pattern, std::string_view text);

/// What a plan would do with one host.
struct PlanStep {
  std::string stage;
  std::string host;
  /// "at once", "when clients is over, 60s at the latest", "when 5 of web are final, 120s at
  /// the latest": counted from the start of the plan.
  std::string when;
  std::vector<std::string> after;  ///< The first of those that it waits for.
  std::size_t after_count = 0;     ///< How many they are.
};
inline constexpr std::size_t plan_step_names_max = 20;

std::vector<PlanStep> dry_run(const std::vector<Stage>& stages);

/// The stages as one line of JSON, to be kept while the plan runs: resolving the plan's text again
/// might find other hosts. parse_stages() reads nothing else. Error: malformed.
std::string to_text(const std::vector<Stage>& stages);
Result<std::vector<Stage>> parse_stages(std::string_view text);

/// A plan under way: says whom to order when. A host is in flight from its order until it is final
/// or its stage's limit has passed since its order; a stage is over when all of its hosts have been
/// ordered and none is in flight. So a host that stays up holds up the rest by the limit at most,
/// and without max-in-flight and keep last a stage takes no longer than its limit.
class PlanRun {
 public:
  explicit PlanRun(std::vector<Stage> stages);

  void start(Time now);
  /// What became of an order. Passed over for hosts that are not in flight.
  void on_state(const HostKey& host, bool is_final);
  /// Whom to order now; each host is answered once. Call it again after on_state() and at
  /// deadline().
  std::vector<PlanHost> tick(Time now);
  /// When the next host in flight is given up; nullopt if there is none.
  std::optional<Time> deadline() const;
  bool done() const { return started_ && stage_ == stages_.size(); }

  /// What resume() needs beside the stages; changes with what tick() answers. Hosts that became
  /// final meanwhile are told to the resumed run by on_state().
  std::string progress() const;
  /// Error: malformed, also if it is the progress of other stages.
  static Result<PlanRun> resume(std::vector<Stage> stages, std::string_view progress);
  /// An order that was given just before `progress` could be kept: the host is not answered again.
  /// For the time between resume() and tick().
  void on_ordered(const HostKey& host, Time when);

  const std::vector<Stage>& stages() const { return stages_; }
  /// When a stage began; nullopt: it has not.
  std::optional<Time> since(std::size_t stage) const;
  bool is_over(std::size_t stage) const { return started_ && stage < stage_; }
  bool is_ordered(std::size_t stage, std::size_t host) const;

 private:
  struct Place {
    std::size_t stage = 0;
    std::size_t host = 0;
  };

  void order_next(std::vector<PlanHost>& orders, Time now);
  bool may_order() const;

  std::vector<Stage> stages_;
  std::unordered_map<HostKey, Place> places_;
  std::vector<Time> since_;  ///< Of the stages that have begun.
  bool started_ = false;
  std::size_t stage_ = 0;                      ///< The one under way.
  std::size_t next_ = 0;                       ///< Its first host that has not been ordered.
  std::map<std::size_t, Time> in_flight_;      ///< Its hosts in flight, with the time of the order.
  std::map<std::size_t, Time> ordered_early_;  ///< From `next_` on: told by on_ordered().
};

}  // namespace netkit::shutdown
