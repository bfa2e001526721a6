// From the names of a plan to hosts: what each name means, what globs leave for one another, and
// what the outcome would do, in words.
#include <algorithm>
#include <iterator>
#include <tuple>
#include <unordered_set>

#include "base/text.hpp"
#include "commands/shutdown/plan.hpp"

namespace netkit::shutdown {
namespace {

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

/// "a, b, c and 7 more".
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t shown_max = 10;
  const std::size_t shown = std::min(names.size(), shown_max);
  std::string text = join(std::span{names}.first(shown), ", ");
  if (shown < names.size()) text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

class Resolver {
 public:
  explicit Resolver(const KnownHosts& known) : known_{known}, all_{known.all} {
    std::sort(all_.begin(), all_.end(), [](const PlanHost& left, const PlanHost& right) {
      return std::tie(left.name, left.key) < std::tie(right.name, right.key);
    });
  }

  Result<std::vector<Stage>> resolve(const Plan& plan) {
    // Hosts kept last are taken out of whichever stage names them, so they are known first; then
    // come names, which no glob takes away.
    find_names(plan.kept_last);
    claim_names(plan.kept_last);
    Stage last;
    last.name = plan_last_stage;
    last.hosts = hosts_of(plan.kept_last);
    for (const PlanHost& host : last.hosts)
      kept_.insert(host.key);
    for (const auto& stage : plan.stages) {
      find_names(stage.hosts);
      claim_names(stage.hosts);
    }
    if (failed_) return *failed_;
    if (!unknown_.empty())
      return Error{Errc::not_found, "find the hosts of the plan",
                   "no known host is meant by " + listed(unknown_)};

    std::vector<Stage> stages;
    for (const auto& stage : plan.stages)
      stages.push_back(
          {stage.name, stage.limit, stage.in_flight_max, stage.keep_last, hosts_of(stage.hosts)});
    if (!last.hosts.empty()) stages.push_back(std::move(last));
    if (claimed_.size() > plan_hosts_max)
      return Error{Errc::too_large,
                   "run a plan of more than " + std::to_string(plan_hosts_max) + " hosts"};
    return stages;
  }

 private:
  void fail(std::size_t line, std::string hint) {
    if (!failed_)
      failed_ = Error{Errc::usage, "follow line " + std::to_string(line) + " of the plan",
                      std::move(hint)};
  }

  /// Looks every name up, and notes those that mean no host or several.
  void find_names(const std::vector<PlanName>& names) {
    for (const PlanName& name : names) {
      if (found_.contains(name.text)) continue;
      if (name.is_glob()) {
        if (std::none_of(all_.begin(), all_.end(),
                         [&](const PlanHost& host) { return matches_glob(name.text, host.name); }))
          add_unknown(name);
        continue;
      }
      std::vector<PlanHost> matching = known_.matching(name.text);
      if (matching.empty()) {
        add_unknown(name);
      } else if (matching.size() > 1) {
        std::vector<std::string> texts;
        std::transform(matching.begin(), matching.end(), std::back_inserter(texts),
                       [](const PlanHost& host) { return host.name; });
        fail(name.line, "'" + name.text + "' means several hosts: " + listed(texts));
      } else {
        found_.emplace(name.text, std::move(matching.front()));
      }
    }
  }

  void add_unknown(const PlanName& name) {
    unknown_.push_back("'" + escape_for_display(name.text) + "' (line " +
                       std::to_string(name.line) + ")");
  }

  void claim_names(const std::vector<PlanName>& names) {
    for (const PlanName& name : names) {
      const auto found = found_.find(name.text);
      if (found == found_.end() || kept_.contains(found->second.key)) continue;
      const auto [at, is_new] = claimed_.try_emplace(found->second.key, name);
      if (!is_new)
        fail(name.line, "'" + name.text + "' is the same host as '" + at->second.text +
                            "' on line " + std::to_string(at->second.line));
    }
  }

  /// The hosts of names that have been claimed, and of globs what is not claimed yet.
  std::vector<PlanHost> hosts_of(const std::vector<PlanName>& names) {
    std::vector<PlanHost> hosts;
    for (const PlanName& name : names) {
      if (const auto found = found_.find(name.text); found != found_.end()) {
        if (!kept_.contains(found->second.key)) hosts.push_back(found->second);
        continue;
      }
      if (!name.is_glob()) continue;
      for (const PlanHost& host : all_)
        if (matches_glob(name.text, host.name) && claimed_.try_emplace(host.key, name).second)
          hosts.push_back(host);
    }
    return hosts;
  }

  const KnownHosts& known_;
  std::vector<PlanHost> all_;
  std::unordered_map<std::string, PlanHost> found_;  ///< By the text that means it.
  std::unordered_map<HostKey, PlanName> claimed_;    ///< And who named it first.
  std::unordered_set<HostKey> kept_;
  std::vector<std::string> unknown_;
  std::optional<Error> failed_;
};

/// Fills in whom a step waits for: `from` up to `end` of a stage's hosts.
void wait_for(PlanStep& step, const std::vector<PlanHost>& hosts, std::size_t end) {
  step.after_count = end;
  for (std::size_t i = 0; i < std::min(end, plan_step_names_max); ++i)
    step.after.push_back(hosts[i].name);
}

std::string at_the_latest(Duration since_start) {
  // Limits are asked for in seconds, and are easier to compare if they all stay so.
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_start);
  return ", " +
         (seconds == since_start && seconds < std::chrono::minutes{10}
              ? std::to_string(seconds.count()) + "s"
              : netkit::to_text(since_start)) +
         " at the latest";
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
  std::size_t at = 0, in = 0;
  std::size_t star = pattern.npos, star_in = 0;
  while (in < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      star_in = in;
    } else if (at < pattern.size() &&
               (pattern[at] == '?' || lower(pattern[at]) == lower(text[in]))) {
      ++at;
      ++in;
    } else if (star != pattern.npos) {
      // Only the last star has to give: whatever an earlier one took can stay as it is.
      at = star + 1;
      in = ++star_in;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == pattern.npos;
}

Result<std::vector<Stage>> resolve(const Plan& plan, const KnownHosts& known) {
  return Resolver{known}.resolve(plan);
}

std::vector<PlanStep> dry_run(const std::vector<Stage>& stages) {
  std::vector<PlanStep> steps;
  Duration begins{0};
  const Stage* before = nullptr;
  for (const Stage& stage : stages) {
    const std::size_t count = stage.hosts.size();
    if (count == 0) continue;
    const std::size_t others = stage.keep_last ? count - 1 : count;
    const std::size_t lanes = std::max<std::size_t>(stage.in_flight_max, 1);
    const auto after_rounds = [&](std::size_t rounds) {
      return begins + stage.limit * static_cast<std::int64_t>(rounds);
    };
    const std::size_t rounds = (others + lanes - 1) / lanes;
    for (std::size_t i = 0; i < count; ++i) {
      PlanStep& step = steps.emplace_back();
      step.stage = stage.name;
      step.host = stage.hosts[i].name;
      step.when = "at once";
      if (i == others && others > 0) {
        step.when =
            "when all others of " + stage.name + " are final" + at_the_latest(after_rounds(rounds));
        wait_for(step, stage.hosts, others);
      } else if (i >= lanes) {
        step.when = "when " + std::to_string(i - lanes + 1) + " of " + stage.name + " are final" +
                    at_the_latest(after_rounds(i / lanes));
        wait_for(step, stage.hosts, i);
      } else if (before) {
        step.when = "when " + before->name + " is over" + at_the_latest(begins);
        wait_for(step, before->hosts, before->hosts.size());
      }
    }
    begins = after_rounds(rounds + (stage.keep_last ? 1 : 0));
    before = &stage;
  }
  return steps;
}

}  // namespace netkit::shutdown
