// Tests of the running plan: what becomes of its hosts, as operators are shown it.
#include "commands/shutdown/plan_desk.hpp"

#include <doctest/doctest.h>

#include "wire/json.hpp"

using namespace netkit;
using namespace netkit::shutdown;
using namespace std::chrono_literals;

namespace {

const Time start{1'700'000'000s};

struct Rig {
  OrderId last = 0;
  Book book{{.verify = 5s,
             .down_limit = 60s,
             .is_own_address = [](std::string_view) { return false; },
             .new_id = [this] { return ++last; }}};
  PlanDesk desk;
  bool refuses = true;  ///< No order can be given.

  /// Two stages of one host each, the first over after 10 s.
  Rig() {
    std::vector<Stage> stages(2);
    stages[0].name = "clients";
    stages[0].limit = 10s;
    stages[0].hosts = {{key_of(Id{'A'}), "web1"}};
    stages[1].name = "servers";
    stages[1].limit = 10s;
    stages[1].hosts = {{key_of(Id{'B'}), "db1"}};
    PlanRecord record;
    record.id = 7;
    desk.begin(std::move(record), std::move(stages), start);
  }

  void step(Time now) {
    desk.step(book, now, [&](const HostKey& host, const Request& request) {
      return refuses ? OrderId{0} : book.order(host, request, now);
    });
  }

  std::string plan_state() const {
    return std::string{wire::Json::parse(desk.show(book))->string("state").value_or("")};
  }
  /// The states of the hosts, in the order of the stages.
  std::string host_states() const {
    const auto plan = wire::Json::parse(desk.show(book));
    std::string states;
    for (const wire::Json& stage : plan->items("stages"))
      for (const wire::Json& host : stage.items("hosts"))
        states += (states.empty() ? "" : " ") + std::string{*host.string("state")};
    return states;
  }
};

}  // namespace

TEST_CASE("PlanDesk: a host that could not be ordered fails when its stage gives it up") {
  Rig rig;
  rig.step(start);
  CHECK(rig.host_states() == "waiting waiting");
  rig.step(start + 9s);
  CHECK(rig.host_states() == "waiting waiting");
  rig.step(start + 10s);
  CHECK(rig.plan_state() == "running");
  CHECK(rig.host_states() == "failed waiting");
  rig.step(start + 20s);
  CHECK(rig.plan_state() == "done");
  CHECK(rig.host_states() == "failed failed");
}

TEST_CASE("PlanDesk: an order that is given late still counts") {
  Rig rig;
  rig.step(start);
  rig.refuses = false;
  rig.step(start + 5s);
  CHECK(rig.host_states() == "ordered waiting");
}

TEST_CASE("PlanDesk: a plan that was stopped orders nobody any more") {
  Rig rig;
  rig.step(start);
  rig.desk.stop();
  CHECK(rig.plan_state() == "cancelled");
  CHECK(rig.host_states() == "failed waiting");
}
