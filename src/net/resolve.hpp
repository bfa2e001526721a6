// Names to addresses. Servers resolve what they listen on before they start, so this one waits;
// clients use net/connect.hpp, which does not.
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
