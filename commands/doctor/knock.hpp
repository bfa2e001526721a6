// Knocks at ports of another machine, all at once, by sockets and one poll(2). SCTP is not among
// them: that is a library's, and commands/doctor/way.hpp's.
#pragma once

#include <vector>

#include "commands/doctor/reach.hpp"
#include "commands/doctor/report.hpp"
#include "net/endpoint.hpp"

namespace netkit::doctor {

/// What is to be tried at a host of these addresses: by port, then by address. The last one asks
/// for the time.
std::vector<Try> tries_at(const net::Endpoint& to, const std::vector<asio::ip::address>& found);

/// Connects by TCP, within net::connect_limit; sends what each Try of UDP asks, twice, and waits a
/// second each time; reports those, and those of SCTP as they are. An error if nobody answered at
/// all, Errc::interrupted if a signal ended it.
Status knock_and_judge(const net::Endpoint& to, std::vector<Try>& tries, Report& report);

}  // namespace netkit::doctor
