// Reads the text of a plan, line by line, then follows its groups. The statements stand in the
// header.
#include "commands/shutdown/plan.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "base/utf8.hpp"

namespace netkit::shutdown {
namespace {

using Words = std::vector<std::string_view>;

Error line_error(std::size_t line, std::string hint) {
  return {Errc::usage, "read line " + std::to_string(line) + " of the plan", std::move(hint)};
}

std::string quoted(std::string_view text) {
  constexpr std::size_t shown_max = 64;
  const bool whole = text.size() <= shown_max;
  return "'" + escape_for_display(utf8_prefix(text, shown_max)) + (whole ? "'" : "…'");
}

Words words_of(std::string_view line) {
  constexpr std::string_view blanks = " \t\r\v\f";
  line = line.substr(0, line.find('#'));
  Words words;
  for (std::size_t at = line.find_first_not_of(blanks); at != line.npos;
       at = line.find_first_not_of(blanks, at)) {
    const std::size_t end = std::min(line.find_first_of(blanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= host_name_size_max &&
         std::all_of(text.begin(), text.end(), [](char letter) {
           return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                  (letter >= 'a' && letter <= 'z') || (letter & 0x80) != 0 ||
                  std::string_view{"._-:*?%"}.find(letter) != std::string_view::npos;
         });
}

class Parser {
 public:
  Result<Plan> parse(std::string_view text) {
    std::size_t number = 0;
    for (const std::string_view line : split(text, '\n')) {
      line_ = ++number;
      const Words words = words_of(line);
      if (words.empty()) continue;
      if (const Status read = statement(words); !read) return read.error();
    }
    return finish();
  }

 private:
  /// Hosts and @groups, as written.
  using Members = std::vector<PlanName>;

  struct Group {
    std::size_t line = 0;
    Members members;
    bool open = false;  ///< Being looked into: to meet it again is a cycle.
    bool checked = false;
  };

  struct RawStage {
    BasicStage<PlanName> stage;
    Members members;
    std::size_t line = 0;
    std::size_t wait_line = 0;
    std::size_t in_flight_line = 0;
  };

  Error error(std::string hint) const { return line_error(line_, std::move(hint)); }

  Status statement(const Words& words) {
    const std::string_view what = words.front();
    const Words rest{words.begin() + 1, words.end()};
    if (what == "group") return group(rest);
    if (what == "stage") return stage(rest);
    if (what == "keep") return keep(rest);
    if (what == "wait") return wait(rest);
    if (what == "max-in-flight") return max_in_flight(rest);
    if (stages_.empty())
      return error("expected 'stage NAME' before the first hosts, not " + quoted(what));
    return add_members(stages_.back().members, words);
  }

  Status add_members(Members& to, const Words& words) {
    for (const std::string_view word : words) {
      const bool is_group = word.starts_with('@');
      if (!is_name(is_group ? word.substr(1) : word))
        return error("expected the names of hosts or @groups, not " + quoted(word));
      if (!is_group && PlanName{std::string{word}}.is_glob() && ++globs_ > plan_globs_max)
        return error("expected at most " + std::to_string(plan_globs_max) + " globs in a plan");
      if (++members_ > plan_hosts_max)
        return Error{Errc::too_large,
                     "read a plan of more than " + std::to_string(plan_hosts_max) + " hosts"};
      to.push_back({std::string{word}, line_});
    }
    return ok;
  }

  Status group(Words words) {
    if (words.size() > 1 && words[1] == "=") words.erase(words.begin() + 1);
    if (words.size() < 2 || !is_name(words[0])) return error("expected 'group NAME HOST…'");
    if (groups_.size() >= plan_groups_max)
      return error("expected at most " + std::to_string(plan_groups_max) + " groups");
    const auto [at, is_new] = groups_.try_emplace(std::string{words[0]});
    if (!is_new)
      return error("the group " + quoted(words[0]) + " stands on line " +
                   std::to_string(at->second.line) + " already");
    at->second.line = line_;
    return add_members(at->second.members, {words.begin() + 1, words.end()});
  }

  Status stage(const Words& words) {
    if (words.size() != 1 || !is_name(words[0])) return error("expected 'stage NAME', one name");
    for (const RawStage& other : stages_)
      if (other.stage.name == words[0])
        return error("the stage " + quoted(words[0]) + " stands on line " +
                     std::to_string(other.line) + " already");
    if (stages_.size() >= plan_stages_max)
      return error("expected at most " + std::to_string(plan_stages_max) + " stages");
    RawStage& added = stages_.emplace_back();
    added.stage.name = words[0];
    added.line = line_;
    return ok;
  }

  Status keep(const Words& words) {
    if (words.empty() || words[0] != "last") return error("expected 'keep last [HOST…]'");
    if (words.size() > 1) return add_members(kept_, {words.begin() + 1, words.end()});
    if (stages_.empty()) return error("expected 'keep last HOST…', as no stage has begun");
    stages_.back().stage.keep_last = true;
    return ok;
  }

  Status wait(const Words& words) {
    std::string condition;
    for (const std::string_view word : words)
      condition += word;
    constexpr std::string_view start = "down<=";
    if (!condition.starts_with(start)) return error("expected 'wait down<=60s'");
    if (stages_.empty()) return error("expected 'stage NAME' before 'wait'");
    const auto limit = parse_duration(std::string_view{condition}.substr(start.size()));
    if (!limit || *limit <= Duration::zero() || *limit > plan_limit_max)
      return error("expected a time up to " + netkit::to_text(plan_limit_max) +
                   ", as in 'wait down<=60s'");
    RawStage& raw = stages_.back();
    if (raw.wait_line != 0) return error(twice("wait", raw.wait_line));
    raw.wait_line = line_;
    raw.stage.limit = *limit;
    return ok;
  }

  Status max_in_flight(const Words& words) {
    std::size_t count = 0;
    const std::string_view digits = words.size() == 1 ? words[0] : std::string_view{};
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (digits.empty() || failed != std::errc{} || end != digits.data() + digits.size() ||
        count == 0 || count > plan_hosts_max)
      return error("expected 'max-in-flight N', N from 1 to " + std::to_string(plan_hosts_max));
    if (stages_.empty()) return error("expected 'stage NAME' before 'max-in-flight'");
    RawStage& raw = stages_.back();
    if (raw.in_flight_line != 0) return error(twice("max-in-flight", raw.in_flight_line));
    raw.in_flight_line = line_;
    raw.stage.in_flight_max = count;
    return ok;
  }

  std::string twice(std::string_view what, std::size_t line) const {
    return "the stage has '" + std::string{what} + "' on line " + std::to_string(line) + " already";
  }

  Result<Plan> finish() {
    Plan plan;
    // Also those that no stage uses: a cycle is a mistake anyway.
    for (auto& [name, group] : groups_)
      if (const Status read = check(group, 1); !read) return read.error();
    std::map<std::string, std::size_t> kept;
    if (const Status read = expand(kept_, 0, plan.kept_last, kept, 0); !read) return read.error();
    std::map<std::string, std::size_t> named;
    for (RawStage& raw : stages_) {
      if (raw.members.empty() && kept_.empty())
        return line_error(raw.line, "expected hosts in the stage " + quoted(raw.stage.name));
      if (raw.members.empty()) continue;
      if (const Status read = expand(raw.members, 0, raw.stage.hosts, named, 0); !read)
        return read.error();
      if (!kept_.empty() && raw.stage.name == plan_last_stage)
        return line_error(raw.line, "the stage 'last' is that of the hosts kept last");
      plan.stages.push_back(std::move(raw.stage));
    }
    if (named.empty() && kept.empty())
      return Error{Errc::usage, "read the plan", "expected 'stage NAME' and its hosts"};
    return plan;
  }

  /// Appends what `members` stand for. `used_line`: where the outermost group is used, 0: here.
  Status expand(const Members& members, std::size_t used_line, Members& to,
                std::map<std::string, std::size_t>& named, std::size_t depth) {
    for (const PlanName& member : members) {
      const std::size_t line = used_line != 0 ? used_line : member.line;
      if (member.text.starts_with('@')) {
        if (const Status read = follow(member, line, to, named, depth); !read) return read;
        continue;
      }
      if (to.size() >= plan_hosts_max)
        return Error{Errc::too_large,
                     "read a plan of more than " + std::to_string(plan_hosts_max) + " hosts"};
      const auto [at, is_new] = named.try_emplace(to_lower_ascii(member.text), line);
      if (!is_new)
        return line_error(line, quoted(member.text) + " is named on line " +
                                    std::to_string(at->second) + " already");
      to.push_back({member.text, line});
    }
    return ok;
  }

  Status follow(const PlanName& member, std::size_t line, Members& to,
                std::map<std::string, std::size_t>& named, std::size_t depth) {
    const auto group = find_group(member);
    if (!group) return group.error();
    if (depth >= plan_group_depth_max) return too_deep(member);
    return expand((*group)->members, line, to, named, depth + 1);
  }

  Result<Group*> find_group(const PlanName& member) {
    const std::string name = member.text.substr(1);
    const auto found = groups_.find(name);
    if (found != groups_.end()) return &found->second;
    return line_error(member.line, "expected 'group " + name + " HOST…' somewhere in the plan");
  }

  static Error too_deep(const PlanName& member) {
    return line_error(member.line, "expected at most " + std::to_string(plan_group_depth_max) +
                                       " groups inside one another");
  }

  /// That no group contains itself. Each group is looked into once, however many contain it.
  Status check(Group& group, std::size_t depth) {
    if (group.checked) return ok;
    group.open = true;
    for (const PlanName& member : group.members) {
      if (!member.text.starts_with('@')) continue;
      const auto inner = find_group(member);
      if (!inner) return inner.error();
      if ((*inner)->open)
        return line_error(member.line,
                          "the group " + quoted(member.text.substr(1)) + " contains itself");
      if (depth >= plan_group_depth_max) return too_deep(member);
      if (const Status checked = check(**inner, depth + 1); !checked) return checked;
    }
    group.open = false;
    group.checked = true;
    return ok;
  }

  std::size_t line_ = 0;
  std::size_t members_ = 0;
  std::size_t globs_ = 0;
  std::map<std::string, Group> groups_;
  std::vector<RawStage> stages_;
  Members kept_;
};

}  // namespace

Result<Plan> parse_plan(std::string_view text) {
  if (text.size() > plan_size_max)
    return Error{Errc::too_large, "read a plan of " + std::to_string(text.size()) + " bytes"};
  if (!is_utf8(text)) return Error{Errc::not_utf8, "read the plan"};
  return Parser{}.parse(text);
}

}  // namespace netkit::shutdown
