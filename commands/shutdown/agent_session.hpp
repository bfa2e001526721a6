// An agent at work: keeps one connection open for ever, does what the machine asks for, and ends
// with a goodbye. For agent.cpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "commands/shutdown/agent_machine.hpp"
#include "commands/shutdown/host_facts.hpp"

namespace netkit::shutdown {

struct AgentPlan {
  std::vector<net::Endpoint> servers;  ///< Complete; the first that answers is taken.
  cli::ClientOptions client;
  std::optional<std::string> token;  ///< Given by option; else the one of the enrolment.
  std::string state;
  Hello hello;  ///< Without what changes: ports are looked up for each connection.
  AgentRules rules;
  PowerOff power_off;
  std::string path;  ///< Where programs are looked for.
  std::string hooks;
  Duration hook_limit{0};             ///< Of one hook; zero: none.
  std::optional<Duration> heartbeat;  ///< Overrides what the server asks for.
  std::optional<int> ready_fd;
};

/// Until a signal or, with --once, the first order ends it. Errors: what --once came to, or the
/// last failure when --retry is used up.
Status run_agent(cli::Context& context, AgentPlan plan);

}  // namespace netkit::shutdown
