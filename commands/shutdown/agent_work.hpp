// The work that an order makes on the host: inhibitors, hooks, the command. Begun when the machine
// asks for it; what comes of it goes back to the machine. For agent_session.cpp.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "commands/shutdown/agent_machine.hpp"
#include "commands/shutdown/agent_session.hpp"
#include "commands/shutdown/claims.hpp"
#include "commands/shutdown/hooks.hpp"

namespace netkit::shutdown {

/// The clock that expiries count by.
Instant instant_now();

/// All it is given must outlive it. What it has begun ends with the io_context, but for a command.
class OrderWork {
 public:
  using Perform = std::function<void(const Deeds&)>;
  OrderWork(asio::io_context& io, const cli::Context& context, const AgentPlan& plan,
            AgentMachine& machine, Perform perform)
      : io_{io},
        context_{context},
        plan_{plan},
        machine_{machine},
        perform_{std::move(perform)},
        claims_{plan.state, plan.rules.boot} {}

  /// Tells the machine of the orders that were started on this boot.
  Status recall();

  void begin(const CheckInhibitors& check);
  void begin(const RunHooks& run);
  void begin(const StartCommand& start);
  void stop_hooks();

 private:
  asio::awaitable<void> check_inhibitors(OrderOffer order);
  asio::awaitable<void> run_hooks(std::shared_ptr<HookRun> hooks, OrderOffer order);
  asio::awaitable<void> run_command(OrderOffer order);
  asio::awaitable<void> see_to_its_end(OrderId order, net::Process& process);
  std::vector<std::string> environment_for(const OrderOffer& order) const;

  asio::io_context& io_;
  const cli::Context& context_;
  const AgentPlan& plan_;
  AgentMachine& machine_;
  Perform perform_;
  Claims claims_;
  std::shared_ptr<HookRun> hooks_;
};

}  // namespace netkit::shutdown
