// What doctor makes of the way to another machine: its name, its ports, its clock. Pure: looks at
// nothing itself.
#pragma once

#include <asio/ip/address.hpp>
#include <cerrno>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "commands/doctor/clock.hpp"
#include "commands/doctor/findings.hpp"

namespace netkit::doctor {

/// One attempt to get through to a port of an address.
struct Try {
  net::ServicePort port;
  asio::ip::address to;
  int error = ETIMEDOUT;  ///< errno; 0 if somebody answered.
  Duration took{};
  std::string question = {};  ///< Of UDP: what is sent, and what came back when.
  std::string answer = {};
  Exchange exchange = {};

  /// Whether the host itself said something, be it no.
  bool reached() const { return error == 0 || error == ECONNREFUSED; }
};

/// What looking a name up gave.
Finding judge_name(const std::string& name, const Result<std::vector<asio::ip::address>>& found,
                   Duration took);

/// One port at all addresses of a host. `wanted`: the user named that port, so that it is bad if
/// nobody listens there.
Finding judge_reach(std::span<const Try> tries, bool wanted);

/// The clock of `host` against ours; without an offset it tells no time.
Finding judge_offset(const std::string& host, const std::optional<ClockOffset>& offset);

}  // namespace netkit::doctor
