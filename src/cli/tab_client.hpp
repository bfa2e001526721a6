// How completion reaches a server while a person waits at Tab: within 300 ms, asking nobody
// anything, trusting only what was trusted before. For commands whose candidates a server knows.
#pragma once

#include <asio/awaitable.hpp>
#include <chrono>
#include <functional>

#include "base/result.hpp"
#include "config/resolve.hpp"
#include "net/endpoint.hpp"
#include "net/stream.hpp"

namespace netkit::cli {

inline constexpr std::chrono::milliseconds tab_limit{300};

/// `to` has scheme, host and port. Under TLS only a certificate that known_hosts has is trusted.
asio::awaitable<Result<net::Stream>> connect_at_tab(const config::Environment& environment,
                                                    const net::Endpoint& to);

/// Runs `look` for tab_limit at most; wherever it is then, it is cut off.
void look_at_tab(const std::function<asio::awaitable<void>()>& look);

}  // namespace netkit::cli
