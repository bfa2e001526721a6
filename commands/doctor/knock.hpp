// Knocks at ports of other machines, all at once, by sockets and one poll(2). SCTP is not among it:
// that is a library's, and commands/doctor/way.hpp's.
#pragma once

#include <optional>
#include <vector>

#include "commands/doctor/reach.hpp"

namespace netkit::doctor {

/// Connects by TCP, within net::connect_limit; sends what each Try of UDP asks, twice, and waits a
/// second each time. False if a signal ended it.
bool knock(std::vector<Try>& tries);

/// Whether there is a route to `address`; nothing is sent.
bool has_route(const asio::ip::address& address);

/// By the Date that the file server, or whatever speaks HTTP there, puts into every answer. Within
/// a second a step.
std::optional<ClockOffset> ask_date(const Try& open);

}  // namespace netkit::doctor
