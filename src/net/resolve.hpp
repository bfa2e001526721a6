// Names to addresses: for servers before they start, which may wait, and for whoever connects or
// explains the network, who may not.
#pragma once

#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>
#include <chrono>
#include <vector>

#include "base/result.hpp"
#include "net/endpoint.hpp"

namespace netkit::net {

/// All addresses of the endpoint's host, at most `addresses_per_name_max`; literal addresses are
/// never looked up. Port numbers are always numeric: /etc/services need not exist.
Result<std::vector<asio::ip::address>> resolve_now(const Endpoint& endpoint);

/// The same in a thread of its own; Errc::timed_out if there is no answer until then.
asio::awaitable<Result<std::vector<asio::ip::address>>> resolve(
    const Endpoint& to, std::chrono::steady_clock::time_point until);

}  // namespace netkit::net
