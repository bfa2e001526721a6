// Several coroutines at a time, and the wait for all of them.
#pragma once

#include <asio/awaitable.hpp>
#include <vector>

#include "base/result.hpp"

namespace netkit::net {

/// Runs all `parts` at once on the caller's executor, which one thread runs; returns when the last
/// one has ended, with the first error if there was one. The parts must not end by being dropped.
asio::awaitable<Status> together(std::vector<asio::awaitable<Status>> parts);

/// Lets the others of this thread go first.
asio::awaitable<void> give_turn();

}  // namespace netkit::net
