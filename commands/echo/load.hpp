// Many connections that send as fast as answers come, or at fixed times. bench and compare use it;
// it measures and prints nothing.
#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "base/histogram.hpp"
#include "commands/echo/channel.hpp"

namespace netkit::echo {

/// When the messages of one phase leave.
struct Pace {
  double per_second = 0;  ///< Of all connections together; 0: each as soon as it has its answer.
  Duration length{0};
};

/// When message `number` (from 0) of connection `index` of `connections` is due after the start:
/// the connections take turns, so that the messages of all leave at equal distances.
Duration due(const Pace& pace, std::uint64_t number, std::size_t index, std::size_t connections);

struct Measured {
  Histogram latency;
  std::uint64_t messages = 0;
  Duration elapsed{0};
};

/// Runs one phase on open channels; every answer is compared with what was sent. Under a fixed pace
/// each latency counts from the time its message was due, and every message that was due is sent,
/// however late: what a server held up is in the figures (no coordinated omission).
/// `on_progress` gets the share that is over, now and then.
asio::awaitable<Result<std::unique_ptr<Measured>>> run_load(
    std::vector<std::unique_ptr<Channel>>& channels, std::size_t message_size, Pace pace,
    Duration answer_limit, std::function<void(double)> on_progress);

}  // namespace netkit::echo
