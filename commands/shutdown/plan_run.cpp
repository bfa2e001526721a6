// The plan under way, and how it and its stages are written down to survive a restart.
#include <algorithm>
#include <charconv>

#include "base/json.hpp"
#include "base/text.hpp"
#include "commands/shutdown/plan.hpp"
#include "wire/json.hpp"

namespace netkit::shutdown {
namespace {

// progress: version stage next since,since… first-last@ordered,… (hosts in flight); times in
// nanoseconds since 1970
constexpr std::string_view progress_version = "1";

std::int64_t to_number(Time time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

std::optional<Time> time_in(std::string_view text) {
  const auto number = number_in<std::int64_t>(text);
  if (!number) return std::nullopt;
  return Time{std::chrono::nanoseconds{*number}};
}

/// The parts before and after the first `separator`, which must be there.
std::optional<std::pair<std::string_view, std::string_view>> cut(std::string_view text,
                                                                 char separator) {
  const std::size_t at = text.find(separator);
  if (at == text.npos) return std::nullopt;
  return std::pair{text.substr(0, at), text.substr(at + 1)};
}

/// One "first-last@ordered" into `to`; false if it is none or names hosts that cannot be in flight.
bool read_run(std::string_view text, std::size_t next, std::map<std::size_t, Time>& to) {
  const auto parts = cut(text, '@');
  if (!parts) return false;
  const auto bounds = cut(parts->first, '-');
  const auto ordered = time_in(parts->second);
  if (!bounds || !ordered) return false;
  const auto first = number_in<std::size_t>(bounds->first);
  const auto last = number_in<std::size_t>(bounds->second);
  if (!first || !last || *first > *last || *last >= next) return false;
  if (!to.empty() && to.rbegin()->first >= *first) return false;
  for (std::size_t i = *first; i <= *last; ++i)
    to.emplace_hint(to.end(), i, *ordered);
  return true;
}

std::optional<Stage> stage_in(const wire::Json& json) {
  const auto name = json.string("name");
  const auto limit_ms = json.integer("limit_ns");
  const auto in_flight = json.integer("in_flight_max");
  const auto keep_last = json.boolean("keep_last");
  if (!name || !limit_ms || !in_flight || !keep_last) return std::nullopt;
  if (*limit_ms <= 0 || *limit_ms > plan_limit_max.count()) return std::nullopt;
  if (*in_flight < 1 || *in_flight > static_cast<std::int64_t>(plan_hosts_max)) return std::nullopt;
  Stage stage{.name = std::string{*name},
              .limit = Duration{*limit_ms},
              .in_flight_max = static_cast<std::size_t>(*in_flight),
              .keep_last = *keep_last,
              .hosts = {}};
  for (const wire::Json& host : json.items("hosts")) {
    const auto pair = host.items();
    if (pair.size() != 2 || !pair[0].string() || !pair[1].string()) return std::nullopt;
    stage.hosts.push_back({std::string{*pair[0].string()}, std::string{*pair[1].string()}});
  }
  return stage;
}

}  // namespace

std::string to_text(const std::vector<Stage>& stages) {
  std::string list = "[";
  for (const Stage& stage : stages) {
    std::string hosts = "[";
    for (const PlanHost& host : stage.hosts) {
      hosts += hosts.size() > 1 ? ",[" : "[";
      append_json_string(hosts, host.key);
      hosts += ',';
      append_json_string(hosts, host.name);
      hosts += ']';
    }
    if (list.size() > 1) list += ',';
    list += JsonObject{}
                .add("name", stage.name)
                .add("limit_ns", stage.limit.count())
                .add("in_flight_max", stage.in_flight_max)
                .add("keep_last", stage.keep_last)
                .add_raw("hosts", hosts + "]")
                .str();
  }
  return list + "]";
}

Result<std::vector<Stage>> parse_stages(std::string_view text) {
  const auto json = wire::Json::parse(text, {.size_max = 16 * plan_size_max});
  if (!json) return json.error();
  std::vector<Stage> stages;
  std::size_t hosts = 0;
  for (const wire::Json& item : json->items()) {
    auto stage = stage_in(item);
    if (!stage) return Error{Errc::malformed, "read the stages of a plan"};
    hosts += stage->hosts.size();
    stages.push_back(std::move(*stage));
  }
  // One stage more than in a text: that of the hosts kept last.
  if (!json->is_array() || stages.size() > plan_stages_max + 1 || hosts > plan_hosts_max)
    return Error{Errc::malformed, "read the stages of a plan"};
  return stages;
}

PlanRun::PlanRun(std::vector<Stage> stages) : stages_{std::move(stages)} {
  for (std::size_t stage = 0; stage < stages_.size(); ++stage)
    for (std::size_t host = 0; host < stages_[stage].hosts.size(); ++host)
      places_.try_emplace(stages_[stage].hosts[host].key, Place{stage, host});
}

void PlanRun::start(Time now) {
  if (started_) return;
  started_ = true;
  if (!stages_.empty()) since_.push_back(now);
}

void PlanRun::on_state(const HostKey& host, bool is_final) {
  const auto at = places_.find(host);
  if (is_final && at != places_.end() && at->second.stage == stage_)
    in_flight_.erase(at->second.host);
}

bool PlanRun::may_order() const {
  const Stage& stage = stages_[stage_];
  if (next_ >= stage.hosts.size() || in_flight_.size() >= stage.in_flight_max) return false;
  return !stage.keep_last || next_ + 1 < stage.hosts.size() || in_flight_.empty();
}

void PlanRun::order_next(std::vector<PlanHost>& orders, Time now) {
  const auto early = ordered_early_.find(next_);
  in_flight_.emplace(next_, early == ordered_early_.end() ? now : early->second);
  if (early == ordered_early_.end())
    orders.push_back(stages_[stage_].hosts[next_]);
  else
    ordered_early_.erase(early);
  ++next_;
}

std::vector<PlanHost> PlanRun::tick(Time now) {
  std::vector<PlanHost> orders;
  while (started_ && stage_ < stages_.size()) {
    const Stage& stage = stages_[stage_];
    std::erase_if(in_flight_, [&](const auto& host) { return host.second + stage.limit <= now; });
    while (may_order())
      order_next(orders, now);
    if (next_ < stage.hosts.size() || !in_flight_.empty()) break;
    ++stage_;
    next_ = 0;
    ordered_early_.clear();
    if (stage_ < stages_.size()) since_.push_back(now);
  }
  return orders;
}

std::optional<Time> PlanRun::deadline() const {
  if (in_flight_.empty()) return std::nullopt;
  const auto first =
      std::min_element(in_flight_.begin(), in_flight_.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return first->second + stages_[stage_].limit;
}

std::optional<Time> PlanRun::since(std::size_t stage) const {
  return stage < since_.size() ? std::optional{since_[stage]} : std::nullopt;
}

bool PlanRun::is_ordered(std::size_t stage, std::size_t host) const {
  return started_ && (stage < stage_ || (stage == stage_ && host < next_));
}

std::string PlanRun::progress() const {
  std::string text{progress_version};
  text += ' ' + std::to_string(stage_) + ' ' + std::to_string(next_) + ' ';
  for (std::size_t i = 0; i < since_.size(); ++i)
    text += (i > 0 ? "," : "") + std::to_string(to_number(since_[i]));
  text += ' ';
  bool is_first = true;
  for (auto at = in_flight_.begin(); at != in_flight_.end();) {
    const auto [first, ordered] = *at;
    std::size_t last = first;
    while (++at != in_flight_.end() && at->first == last + 1 && at->second == ordered)
      ++last;
    if (!is_first) text += ',';
    is_first = false;
    text += std::to_string(first) + '-' + std::to_string(last) + '@' +
            std::to_string(to_number(ordered));
  }
  return text;
}

Result<PlanRun> PlanRun::resume(std::vector<Stage> stages, std::string_view progress) {
  const Error malformed{Errc::malformed, "read the progress of a plan"};
  const auto parts = split(progress, ' ');
  if (parts.size() != 5 || parts[0] != progress_version) return malformed;
  PlanRun run{std::move(stages)};
  const auto stage = number_in<std::size_t>(parts[1]);
  const auto next = number_in<std::size_t>(parts[2]);
  if (!stage || !next || *stage > run.stages_.size()) return malformed;
  const bool is_running = *stage < run.stages_.size();
  if (*next > (is_running ? run.stages_[*stage].hosts.size() : 0)) return malformed;
  run.stage_ = *stage;
  run.next_ = *next;

  if (!parts[3].empty())
    for (const std::string_view number : split(parts[3], ',')) {
      const auto since = time_in(number);
      if (!since) return malformed;
      run.since_.push_back(*since);
    }
  run.started_ = !run.since_.empty();
  const std::size_t begun = run.started_ ? *stage + (is_running ? 1 : 0) : 0;
  if (run.since_.size() != begun || (!run.started_ && (*stage != 0 || *next != 0)))
    return malformed;

  if (!parts[4].empty())
    for (const std::string_view text : split(parts[4], ','))
      if (!read_run(text, *next, run.in_flight_)) return malformed;
  return run;
}

void PlanRun::on_ordered(const HostKey& host, Time when) {
  const auto at = places_.find(host);
  if (at != places_.end() && at->second.stage == stage_ && at->second.host >= next_)
    ordered_early_.emplace(at->second.host, when);
}

}  // namespace netkit::shutdown
