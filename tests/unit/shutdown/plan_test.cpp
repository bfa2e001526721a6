// Plans: how a text is read and refused, which hosts it means, what a dry run tells, and that a run
// keeps its promises whatever the hosts do. Time is a number here.
#include "commands/shutdown/plan.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>
#include <set>

#include "base/text.hpp"

using namespace netkit;
using namespace netkit::shutdown;
using namespace std::literals;

namespace {

constexpr Time start_time{std::chrono::hours{24 * 365 * 56}};

Plan plan_of(std::string_view text) {
  auto plan = parse_plan(text);
  REQUIRE_MESSAGE(plan, (plan ? "" : plan.error().message()));
  return std::move(*plan);
}

std::string refusal_of(std::string_view text) {
  const auto plan = parse_plan(text);
  REQUIRE_MESSAGE(!plan, text);
  return plan.error().message();
}

/// Hosts "web1" with the key "k:web1"; each also answers to its name before a dot.
KnownHosts known(const std::vector<std::string>& names) {
  KnownHosts hosts;
  for (const std::string& name : names)
    hosts.all.push_back({"k:" + name, name});
  hosts.matching = [all = hosts.all](std::string_view text) {
    std::vector<PlanHost> found;
    for (const PlanHost& host : all)
      if (host.name == text || host.name.substr(0, host.name.find('.')) == text)
        found.push_back(host);
    return found;
  };
  return hosts;
}

std::string shown(const std::vector<Stage>& stages) {
  std::string text;
  for (const Stage& stage : stages) {
    text += (text.empty() ? "" : " | ") + stage.name + ":";
    for (const PlanHost& host : stage.hosts)
      text += " " + host.name;
  }
  return text;
}

std::vector<Stage> stages_of(std::string_view text, const std::vector<std::string>& names) {
  auto stages = resolve(plan_of(text), known(names));
  REQUIRE_MESSAGE(stages, (stages ? "" : stages.error().message()));
  return std::move(*stages);
}

std::string unresolved(std::string_view text, const std::vector<std::string>& names) {
  const auto stages = resolve(plan_of(text), known(names));
  REQUIRE(!stages);
  return stages.error().message();
}

std::string names_of(const std::vector<PlanHost>& hosts) {
  std::string text;
  for (const PlanHost& host : hosts)
    text += (text.empty() ? "" : " ") + host.name;
  return text;
}

}  // namespace

TEST_CASE("parse_plan: every statement, with comments, blank lines, CRLF and any indentation") {
  const Plan plan = plan_of(
      "# UPS alarm\r\n"
      "group web web1 web2   # two of them\r\n"
      "\r\n"
      "  group all = @web db1\r\n"
      "stage clients\r\n"
      "\tpc* laptop.example\r\n"
      "\t192.0.2.7 2001:db8::1\r\n"
      "   wait down<=90s\r\n"
      "stage servers\r\n"
      "@all\r\n"
      "max-in-flight 2\r\n"
      "keep last\r\n"
      "wait down <= 2m\r\n"
      "keep last nas router");
  REQUIRE(plan.stages.size() == 2);
  CHECK(plan.stages[0].name == "clients");
  CHECK(plan.stages[0].limit == 90s);
  CHECK(plan.stages[0].in_flight_max == plan_hosts_max);
  CHECK(!plan.stages[0].keep_last);
  REQUIRE(plan.stages[0].hosts.size() == 4);
  CHECK(plan.stages[0].hosts[0].text == "pc*");
  CHECK(plan.stages[0].hosts[0].is_glob());
  CHECK(plan.stages[0].hosts[3].text == "2001:db8::1");
  CHECK(plan.stages[0].hosts[3].line == 7);
  CHECK(plan.stages[1].limit == 2min);
  CHECK(plan.stages[1].in_flight_max == 2);
  CHECK(plan.stages[1].keep_last);
  REQUIRE(plan.stages[1].hosts.size() == 3);
  CHECK(plan.stages[1].hosts[2].text == "db1");
  CHECK(plan.stages[1].hosts[2].line == 10);
  REQUIRE(plan.kept_last.size() == 2);
  CHECK(plan.kept_last[1].text == "router");
  CHECK(plan_of("stage a\nx").stages[0].limit == 60s);
}

TEST_CASE("parse_plan: an error names its line and what is expected there") {
  CHECK(refusal_of("web1\n") ==
        "cannot read line 1 of the plan: expected 'stage NAME' before the first hosts, not 'web1'");
  CHECK(refusal_of("\n\nstage") ==
        "cannot read line 3 of the plan: expected 'stage NAME', one name");
  CHECK(refusal_of("stage a b") ==
        "cannot read line 1 of the plan: expected 'stage NAME', one name");
  CHECK(refusal_of("stage a\nx\nwait 60s") ==
        "cannot read line 3 of the plan: expected 'wait down<=60s'");
  CHECK(refusal_of("stage a\nx\nwait down<=0s") ==
        "cannot read line 3 of the plan: expected a time up to 1d, as in 'wait down<=60s'");
  CHECK(refusal_of("stage a\nx\nwait down<=soon").find("line 3") != std::string::npos);
  CHECK(refusal_of("stage a\nx\nwait down<=25h").find("line 3") != std::string::npos);
  CHECK(refusal_of("wait down<=5s") ==
        "cannot read line 1 of the plan: expected 'stage NAME' before 'wait'");
  CHECK(refusal_of("stage a\nx\nwait down<=5s\nwait down<=5s") ==
        "cannot read line 4 of the plan: the stage has 'wait' on line 3 already");
  for (const char* count : {"", "0", "-1", "x", "1x", "1 2", "10001", "99999999999999999999"})
    CHECK(refusal_of("stage a\nx\nmax-in-flight "s + count) ==
          "cannot read line 3 of the plan: expected 'max-in-flight N', N from 1 to 10000");
  CHECK(refusal_of("stage a\nx\nkeep it") ==
        "cannot read line 3 of the plan: expected 'keep last [HOST…]'");
  CHECK(refusal_of("keep last") ==
        "cannot read line 1 of the plan: expected 'keep last HOST…', as no stage has begun");
  CHECK(refusal_of("group web") == "cannot read line 1 of the plan: expected 'group NAME HOST…'");
  CHECK(refusal_of("group web =") == "cannot read line 1 of the plan: expected 'group NAME HOST…'");
  CHECK(refusal_of("stage a\nweb1,web2") ==
        "cannot read line 2 of the plan: expected the names of hosts or @groups, not 'web1,web2'");
  CHECK(refusal_of("stage a\nx\x1b[2J") ==
        "cannot read line 2 of the plan: expected the names of "
        "hosts or @groups, not 'x\\x1b[2J'");
  CHECK(refusal_of("stage a\nstage b\nx") ==
        "cannot read line 1 of the plan: expected hosts in the stage 'a'");
  CHECK(refusal_of("stage a\nx\nstage a\ny") ==
        "cannot read line 3 of the plan: the stage 'a' stands on line 1 already");
  CHECK(refusal_of("stage last\nx\nkeep last y") ==
        "cannot read line 1 of the plan: the stage 'last' is that of the hosts kept last");
  CHECK(refusal_of("# nothing") == "cannot read the plan: expected 'stage NAME' and its hosts");
  CHECK(refusal_of("") == "cannot read the plan: expected 'stage NAME' and its hosts");
}

TEST_CASE("parse_plan: a host named twice is told with both lines") {
  CHECK(refusal_of("stage a\nweb1\n\nstage b\nWEB1") ==
        "cannot read line 5 of the plan: 'WEB1' is named on line 2 already");
  CHECK(refusal_of("group g web1\nstage a\n@g\nstage b\n@g") ==
        "cannot read line 5 of the plan: 'web1' is named on line 3 already");
  CHECK(refusal_of("stage a\nx\nkeep last y\nkeep last y") ==
        "cannot read line 4 of the plan: 'y' is named on line 3 already");
  CHECK(parse_plan("stage a\nx nas\nkeep last nas"));
}

TEST_CASE("parse_plan: groups are followed, but never in a circle, into nothing or too deep") {
  CHECK(refusal_of("group a @b\ngroup b @c x\ngroup c @a\nstage s\ny") ==
        "cannot read line 3 of the plan: the group 'a' contains itself");
  CHECK(refusal_of("group a @a\nstage s\ny").find("contains itself") != std::string::npos);
  CHECK(refusal_of("stage s\n@web") ==
        "cannot read line 2 of the plan: expected 'group web HOST…' somewhere in the plan");
  CHECK(refusal_of("group a x\ngroup a y\nstage s\n@a") ==
        "cannot read line 2 of the plan: the group 'a' stands on line 1 already");
  std::string deep = "stage s\n@g0\n";
  for (int i = 0; i < 17; ++i)
    deep += "group g" + std::to_string(i) + " @g" + std::to_string(i + 1) + "\n";
  CHECK(refusal_of(deep + "group g17 x").find("at most 16 groups inside") != std::string::npos);
}

TEST_CASE("parse_plan: sizes are limited") {
  CHECK(parse_plan(std::string(plan_size_max + 1, '\n')).error().code == Errc::too_large);
  CHECK(parse_plan("stage a\nx\xff").error().code == Errc::not_utf8);
  std::string stages, hosts = "stage a\n";
  for (int i = 0; i < 100; ++i)
    stages += "stage s" + std::to_string(i) + "\nh" + std::to_string(i) + "\n";
  CHECK(parse_plan(stages));
  CHECK(refusal_of(stages + "stage more").find("line 201") != std::string::npos);
  for (int i = 0; i < 10'000; ++i)
    hosts += "h" + std::to_string(i) + "\n";
  CHECK(parse_plan(hosts));
  CHECK(parse_plan(hosts + "one-more").error().code == Errc::too_large);
}

TEST_CASE("matches_glob: stars and question marks, in linear steps") {
  CHECK(matches_glob("web*", "web1"));
  CHECK(matches_glob("web*", "WEB"));
  CHECK(matches_glob("*", ""));
  CHECK(matches_glob("*.lan", "a.lan.lan"));
  CHECK(matches_glob("w?b*1", "web.example.1"));
  CHECK(!matches_glob("web*", "we"));
  CHECK(!matches_glob("web?", "web"));
  CHECK(!matches_glob("", "x"));
  CHECK(!matches_glob("a*b", "acbc"));
  std::string stars;
  for (int i = 0; i < 120; ++i)
    stars += "a*";
  CHECK(!matches_glob(stars + "b", std::string(255, 'a')));
}

TEST_CASE("resolve: names, groups and globs become hosts, in the order of the plan") {
  const std::vector<std::string> names = {"web2.lan", "web1", "db1", "nas", "pc10", "pc2"};
  CHECK(shown(stages_of("group w web2 web1\nstage a\ndb1 @w", names)) == "a: db1 web2.lan web1");
  CHECK(shown(stages_of("stage a\npc*\nstage b\nweb*\ndb1", names)) ==
        "a: pc10 pc2 | b: web1 web2.lan db1");
}

TEST_CASE("resolve: a glob takes what no line names and no earlier glob took") {
  const std::vector<std::string> names = {"web1", "web2", "db1", "nas"};
  CHECK(shown(stages_of("stage a\n*\nstage b\nweb2", names)) == "a: db1 nas web1 | b: web2");
  CHECK(shown(stages_of("stage a\nweb*\nstage b\n*", names)) == "a: web1 web2 | b: db1 nas");
  CHECK(shown(stages_of("stage a\n*\nkeep last nas", names)) == "a: db1 web1 web2 | last: nas");
}

TEST_CASE("resolve: hosts kept last leave the stage that names them") {
  const std::vector<std::string> names = {"web1", "db1", "nas", "nas2"};
  CHECK(shown(stages_of("keep last nas\nstage a\nweb1 nas\nstage b\ndb1", names)) ==
        "a: web1 | b: db1 | last: nas");
  CHECK(shown(stages_of("stage a\nweb1 nas nas2\nkeep last nas*", names)) ==
        "a: web1 | last: nas nas2");
  CHECK(shown(stages_of("stage a\nweb1\nstage last\nkeep last nas", names)) ==
        "a: web1 | last: nas");
}

TEST_CASE("resolve: lists all hosts that nobody knows, and refuses two names for one host") {
  const std::vector<std::string> names = {"web1.lan", "web1.dmz", "db1.lan"};
  CHECK(unresolved("stage a\nweb9 db1\n\npc*", names) ==
        "cannot find the hosts of the plan: not found (no known host is meant by 'web9' (line 2), "
        "'pc*' (line 4))");
  CHECK(unresolved("stage a\nweb1", names) ==
        "cannot follow line 2 of the plan: 'web1' means several hosts: web1.lan, web1.dmz");
  CHECK(unresolved("stage a\ndb1\nstage b\ndb1.lan", names) ==
        "cannot follow line 4 of the plan: 'db1.lan' is the same host as 'db1' on line 2");
}

TEST_CASE("dry_run: says when each host goes, and after whom") {
  const auto steps =
      dry_run(stages_of("stage clients\npc1 pc2\nstage web\nweb1 web2 web3 web4\nmax-in-flight 2\n"
                        "wait down<=30s\nkeep last\nkeep last nas",
                        {"pc1", "pc2", "web1", "web2", "web3", "web4", "nas"}));
  const char* const expected[] = {
      "clients pc1: at once, after ",
      "clients pc2: at once, after ",
      "web web1: when clients is over, 60s at the latest, after pc1 pc2",
      "web web2: when clients is over, 60s at the latest, after pc1 pc2",
      "web web3: when 1 of web are final, 90s at the latest, after web1 web2",
      "web web4: when all others of web are final, 120s at the latest, after web1 web2 web3",
      "last nas: when web is over, 150s at the latest, after web1 web2 web3 web4"};
  REQUIRE(steps.size() == 7);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    CHECK(steps[i].stage + " " + steps[i].host + ": " + steps[i].when + ", after " +
              join(steps[i].after, " ") ==
          expected[i]);
    CHECK(steps[i].after_count == steps[i].after.size());
  }
}

TEST_CASE("PlanRun: a stage begins when the one before it is over, or its time is") {
  PlanRun run{stages_of("stage a\na1 a2\nstage b\nb1", {"a1", "a2", "b1"})};
  CHECK(run.tick(start_time).empty());
  CHECK(!run.deadline());
  run.start(start_time);
  CHECK(names_of(run.tick(start_time)) == "a1 a2");
  CHECK(run.tick(start_time).empty());
  CHECK(run.deadline() == start_time + 60s);
  CHECK(run.is_ordered(0, 1));
  CHECK(!run.is_ordered(1, 0));
  CHECK(!run.since(1));
  run.on_state("k:a1", true);
  run.on_state("k:a2", false);
  CHECK(run.tick(start_time + 59999ms).empty());
  CHECK(names_of(run.tick(start_time + 60s)) == "b1");
  CHECK(run.is_over(0));
  CHECK(run.since(1) == start_time + 60s);
  run.on_state("k:a2", true);
  CHECK(!run.done());
  run.on_state("k:b1", true);
  CHECK(run.tick(start_time + 61s).empty());
  CHECK(run.done());
  CHECK(!run.deadline());
}

TEST_CASE("PlanRun: a place in flight is free again once its host is final or out of time") {
  PlanRun run{stages_of("stage a\na1 a2 a3\nmax-in-flight 1\nwait down<=10s", {"a1", "a2", "a3"})};
  run.start(start_time);
  CHECK(names_of(run.tick(start_time)) == "a1");
  run.on_state("k:a2", true);
  CHECK(run.tick(start_time + 1s).empty());
  run.on_state("k:a1", true);
  CHECK(names_of(run.tick(start_time + 2s)) == "a2");
  CHECK(run.deadline() == start_time + 12s);
  CHECK(names_of(run.tick(start_time + 12s)) == "a3");
  CHECK(run.deadline() == start_time + 22s);
}

namespace {

/// A plan of random shape, followed to its end with hosts that live and die at random.
class Simulation {
 public:
  explicit Simulation(unsigned seed) : random_{seed} {
    const std::size_t stages = 1 + random_() % 4;
    for (std::size_t i = 0; i < stages; ++i) {
      Stage& stage = stages_.emplace_back();
      stage.name = "s" + std::to_string(i);
      stage.limit = std::chrono::seconds{1 + random_() % 20};
      if (random_() % 2 == 0) stage.in_flight_max = 1 + random_() % 3;
      stage.keep_last = random_() % 3 == 0;
      const std::size_t hosts = random_() % 7;
      for (std::size_t host = 0; host < hosts; ++host) {
        const std::string name = stage.name + "h" + std::to_string(host);
        stage.hosts.push_back({name, name});
        stage_of_[name] = i;
      }
    }
  }

  void run() {
    PlanRun plan{stages_};
    plan.start(now_);
    for (int step = 0; step < 10'000; ++step) {
      for (const PlanHost& host : plan.tick(now_))
        ordered(host.key);
      CHECK(plan.tick(now_).empty());
      if (plan.done()) break;
      REQUIRE(plan.deadline());
      // Nothing waits for longer than the limit of the stage under way.
      CHECK(*plan.deadline() > now_);
      CHECK(*plan.deadline() <= now_ + stages_[stage_].limit);
      if (random_() % 4 == 0) plan = restarted(plan);
      happen(plan);
    }
    CHECK(plan.done());
    CHECK(order_.size() == stage_of_.size());
    CHECK(now_ <= start_time + longest());
  }

 private:
  void ordered(const HostKey& key) {
    CHECK(order_.emplace(key, now_).second);
    const std::size_t stage = stage_of_.at(key);
    if (stage != stage_) flying_.clear();
    CHECK(stage >= stage_);
    stage_ = stage;
    std::erase_if(flying_, [&](const HostKey& other) {
      return order_.at(other) + stages_[stage].limit <= now_;
    });
    flying_.insert(key);
    CHECK(flying_.size() <= stages_[stage].in_flight_max);
    if (stages_[stage].keep_last && key == stages_[stage].hosts.back().key)
      CHECK(flying_.size() == 1);
    for (const auto& [other, place] : stage_of_) {
      if (place < stage) CHECK(order_.contains(other));
    }
    dead_[key] = random_() % 3 == 0;
  }

  PlanRun restarted(const PlanRun& plan) {
    auto stages = parse_stages(to_text(plan.stages()));
    REQUIRE(stages);
    auto again = PlanRun::resume(std::move(*stages), plan.progress());
    REQUIRE(again);
    CHECK(again->progress() == plan.progress());
    CHECK(again->deadline() == plan.deadline());
    return std::move(*again);
  }

  void happen(PlanRun& plan) {
    std::vector<HostKey> alive;
    for (const HostKey& key : flying_)
      if (!dead_[key]) alive.push_back(key);
    if (alive.empty() || random_() % 5 == 0) {
      now_ = *plan.deadline();
      return;
    }
    now_ += std::chrono::milliseconds{random_() % 500};
    now_ = std::min(now_, *plan.deadline());
    const HostKey key = alive[random_() % alive.size()];
    plan.on_state(key, true);
    flying_.erase(key);
  }

  Duration longest() const {
    Duration sum{0};
    for (const Stage& stage : stages_) {
      const std::size_t lanes = stage.in_flight_max;
      sum += stage.limit * static_cast<std::int64_t>((stage.hosts.size() + lanes - 1) / lanes + 1);
    }
    return sum;
  }

  std::mt19937 random_;
  std::vector<Stage> stages_;
  std::map<HostKey, std::size_t> stage_of_;
  std::map<HostKey, Time> order_;
  std::map<HostKey, bool> dead_;
  std::set<HostKey> flying_;
  std::size_t stage_ = 0;
  Time now_ = start_time;
};

}  // namespace

TEST_CASE("PlanRun: keeps its promises in a thousand random plans, with restarts") {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    CAPTURE(seed);
    Simulation{seed}.run();
  }
}

TEST_CASE("PlanRun: ten thousand hosts one after another end in time") {
  Stage stage;
  stage.name = "all";
  stage.in_flight_max = 1;
  for (int i = 0; i < 10'000; ++i)
    stage.hosts.push_back({std::to_string(i), "h"});
  PlanRun run{{stage}};
  run.start(start_time);
  Time now = start_time;
  std::size_t ordered = run.tick(now).size();
  while (!run.done() && run.deadline()) {
    now = *run.deadline();
    ordered += run.tick(now).size();
  }
  CHECK(run.done());
  CHECK(ordered == 10'000);
  CHECK(now == start_time + 10'000 * 60s);
}

TEST_CASE("PlanRun: what is kept is this text, and goes on from it") {
  const auto stages =
      stages_of("stage a\na1 a2\nstage b\nb1 b2 b3", {"a1", "a2", "b1", "b2", "b3"});
  CHECK(to_text(stages) ==
        R"([{"name":"a","limit_ns":60000000000,"in_flight_max":10000,"keep_last":false,)"
        R"("hosts":[["k:a1","a1"],["k:a2","a2"]]},)"
        R"({"name":"b","limit_ns":60000000000,"in_flight_max":10000,"keep_last":false,)"
        R"("hosts":[["k:b1","b1"],["k:b2","b2"],["k:b3","b3"]]}])");
  PlanRun run{stages};
  CHECK(run.progress() == "1 0 0  ");
  run.start(Time{5ns});
  CHECK(names_of(run.tick(Time{5ns})) == "a1 a2");
  run.on_state("k:a1", true);
  run.on_state("k:a2", true);
  CHECK(names_of(run.tick(Time{7ns})) == "b1 b2 b3");
  CHECK(run.progress() == "1 1 3 5,7 0-2@7");
  run.on_state("k:b2", true);
  CHECK(run.progress() == "1 1 3 5,7 0-0@7,2-2@7");

  auto again = PlanRun::resume(stages, "1 1 3 5,7 0-0@7,2-2@7");
  REQUIRE(again);
  again->on_state("k:b1", true);
  CHECK(!again->done());
  again->on_state("k:b3", true);
  CHECK(again->tick(Time{9ns}).empty());
  CHECK(again->done());
  CHECK(again->progress() == "1 2 0 5,7 ");
  CHECK(PlanRun::resume(stages, "1 2 0 5,7 ")->done());
}

TEST_CASE("PlanRun: an order that was given before its progress was kept is not given again") {
  auto run = PlanRun::resume(stages_of("stage a\na1 a2 a3\nmax-in-flight 1", {"a1", "a2", "a3"}),
                             "1 0 1 0 ");
  REQUIRE(run);
  run->on_ordered("k:a2", Time{1s});
  CHECK(run->tick(Time{2s}).empty());
  CHECK(run->deadline() == Time{61s});
  CHECK(names_of(run->tick(Time{61s})) == "a3");
}

TEST_CASE("PlanRun: refuses progress that is damaged or not of its stages") {
  const auto stages = stages_of("stage a\na1 a2", {"a1", "a2"});
  CHECK(PlanRun::resume(stages, "1 0 2 5 0-1@5"));
  for (const char* text : {"",
                           "1",
                           "2 0 0  ",
                           "1 0 3 5 ",
                           "1 2 0 5,5 ",
                           "1 0 2 5,6 ",
                           "1 0 2  ",
                           "1 1 0  ",
                           "1 0 2 5 0-2@5",
                           "1 0 1 5 0-1@5",
                           "1 0 2 5 1-0@5",
                           "1 0 2 5 0-1@5,1-1@5",
                           "1 0 2 5 0@5",
                           "1 0 2 5 0-1",
                           "1 0 2 5 0-1@x",
                           "1 0 2 5 ,",
                           "1 0 2 5 0-18446744073709551615@5",
                           "1 0 -1 5 ",
                           "1 0 2 5 0-1@5 ",
                           "1 1 1 5 "})
    CHECK_MESSAGE(!PlanRun::resume(stages, text), text);
  for (const char* text :
       {"", "{}", "[1]", "[{}]",
        R"([{"name":"a","limit_ns":0,"in_flight_max":1,"keep_last":false}])",
        R"([{"name":"a","limit_ns":1,"in_flight_max":0,"keep_last":false}])",
        R"([{"name":"a","limit_ns":1,"in_flight_max":1,"keep_last":false,"hosts":[["x"]]}])"})
    CHECK_MESSAGE(!parse_stages(text), text);
}
