// Fuzzes what shutdown-server and its agents take from others: messages of either side, plans and
// what is kept of them. Input: one byte that chooses, then the bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "commands/shutdown/plan.hpp"
#include "commands/shutdown/protocol.hpp"

namespace {

using namespace netkit::shutdown;

void demand(bool holds) {
  if (!holds) std::abort();
}

/// A message has one encoding, so what was decoded encodes to what was read.
void agent_message(std::string_view bytes) {
  if (const auto message = decode_from_agent(bytes)) demand(encode(*message) == bytes);
}

void server_message(std::string_view bytes) {
  if (const auto message = decode_from_server(bytes)) demand(encode(*message) == bytes);
}

/// Every name is a host of its own, and `all` are what globs find.
KnownHosts all_known() {
  KnownHosts known;
  known.all = {{"a:1", "web1"}, {"a:2", "web2"}, {"a:3", "nas"}};
  known.matching = [](std::string_view text) {
    return std::vector<PlanHost>{{"m:" + std::string{text}, std::string{text}}};
  };
  return known;
}

/// Each host is ordered once, whatever becomes of it, and the run ends.
void follow(const std::vector<Stage>& stages, std::size_t hosts) {
  PlanRun run{stages};
  Time now{};
  run.start(now);
  std::size_t ordered = run.tick(now).size();
  for (std::size_t turns = 0; !run.done() && turns <= hosts; ++turns) {
    demand(run.deadline().has_value());
    now = *run.deadline();
    auto again = PlanRun::resume(stages, run.progress());
    demand(static_cast<bool>(again));
    run = std::move(*again);
    ordered += run.tick(now).size();
  }
  demand(run.done() && ordered == hosts);
}

void plan_text(std::string_view text) {
  const auto plan = parse_plan(text);
  if (!plan) {
    demand(plan.error().message().find_first_of("\n\r\x1b") == std::string::npos);
    return;
  }
  const auto stages = resolve(*plan, all_known());
  if (!stages) return;
  std::size_t hosts = 0;
  for (const Stage& stage : *stages)
    hosts += stage.hosts.size();
  demand(hosts <= plan_hosts_max && dry_run(*stages).size() == hosts);
  const auto kept = parse_stages(to_text(*stages));
  demand(kept && to_text(*kept) == to_text(*stages));
  if (hosts <= 64) follow(*kept, hosts);
}

void progress_text(std::string_view text) {
  Stage first, second;
  first.name = "a";
  first.hosts = {{"a1", "a1"}, {"a2", "a2"}};
  second.name = "b";
  second.keep_last = true;
  second.hosts = {{"b1", "b1"}, {"b2", "b2"}, {"b3", "b3"}};
  if (const auto run = PlanRun::resume({first, second}, text))
    demand(static_cast<bool>(PlanRun::resume({first, second}, run->progress())));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  switch (data[0] % 5) {
    case 0: agent_message(bytes); break;
    case 1: server_message(bytes); break;
    case 2: plan_text(bytes); break;
    case 3: progress_text(bytes); break;
    default: (void)parse_stages(bytes); break;
  }
  return 0;
}
