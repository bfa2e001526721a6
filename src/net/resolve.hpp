// Names to addresses. Waits for the answer: servers call it before they start, and net/connect.hpp
// in a thread of its own.
#pragma once

#include <asio/ip/address.hpp>
#include <vector>

#include "base/result.hpp"
#include "net/endpoint.hpp"

namespace netkit::net {

/// All addresses of the endpoint's host, at most `addresses_per_name_max`; literal addresses are
/// never looked up. Port numbers are always numeric: /etc/services need not exist.
Result<std::vector<asio::ip::address>> resolve_now(const Endpoint& endpoint);

}  // namespace netkit::net
