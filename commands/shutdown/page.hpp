// What an operator's browser gets from the port of the shutdown server. Knows nothing of sockets:
// its script speaks the operators' protocol with the address that it came from.
#pragma once

#include <string_view>

namespace netkit::shutdown {

/// A self-contained HTML document, UTF-8: sign in, hosts and their state, orders, plans, history.
/// It asks for nothing else over HTTP and opens one WebSocket, to /operator.
std::string_view page();

}  // namespace netkit::shutdown
