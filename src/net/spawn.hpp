// How coroutines are started and how their Asio operations report: used by every file that has
// a coroutine in it.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>

namespace netkit::net {

/// What to give co_spawn() for a coroutine that nobody waits for. asio::detached would swallow an
/// exception; here it leaves io_context::run() and ends the process, because it is a bug.
inline constexpr auto rethrow = [](std::exception_ptr thrown) {
  if (thrown) std::rethrow_exception(thrown);
};

/// Completion token for `co_await socket.async_x(..., into(failed))`: errors become a value.
inline auto into(std::error_code& failed) {
  return asio::redirect_error(asio::use_awaitable, failed);
}

}  // namespace netkit::net
