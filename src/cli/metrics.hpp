// The page /metrics of every server: what is measured, by which name. Draws from numbers that it is
// given; cli/metrics_door.hpp serves it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "log/event_counts.hpp"
#include "net/endpoint.hpp"

namespace netkit::cli {

/// Of --metrics and of `netkit top` where none is given.
inline constexpr std::uint16_t metrics_port = 9464;

/// Where metrics are, whole: on this machine unless a host is given, and a number alone is a port.
/// Errc::usage for anything but tcp and unix sockets.
Result<net::Endpoint> metrics_place(net::Endpoint given);

/// What a service itself has to show. One sample each; the name, in front of which "netkit_" is
/// put, ends in _total where the number only grows.
class Gauges {
 public:
  explicit Gauges(std::string& out) : out_{out} {}
  void add(std::string_view name, std::string_view help, double value);

 private:
  std::string& out_;
};

/// What is known of any server.
struct Measured {
  std::string_view command;
  double started_s = 0;  ///< Since 1970.
  bool draining = false;
  std::uint64_t active = 0;  ///< Connections.
  std::uint64_t accepted = 0;
  std::uint64_t received = 0;  ///< Bytes.
  std::uint64_t sent = 0;
};

/// The whole page in Prometheus' text format; `more` may be empty.
std::string metrics_page(const Measured& measured, const log::EventCounts& events,
                         const std::function<void(Gauges&)>& more);

}  // namespace netkit::cli
