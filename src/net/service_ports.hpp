// The ports that netkit's servers have unless they are told otherwise (INTERFACE.md, "Endpoints"),
// for who explains the network. commands/table.cpp holds each to what its server says itself.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace netkit::net {

/// Ours of SCTP travels in UDP, to the same number.
enum class Carrier : std::uint8_t { tcp, udp, sctp };

struct ServicePort {
  std::uint16_t number = 0;
  Carrier carrier = Carrier::tcp;
  std::string_view service = {};  ///< Whose it is; empty for a port of nobody's.

  bool operator==(const ServicePort&) const = default;
};

inline constexpr std::array<ServicePort, 9> service_ports{{
    {2000, Carrier::tcp, "relay"},
    {2002, Carrier::tcp, "presenced"},
    {2003, Carrier::udp, "presence group"},
    {2004, Carrier::sctp, "presenced"},
    {8765, Carrier::tcp, "shutdown-server"},
    {9090, Carrier::tcp, "echo"},
    {9090, Carrier::udp, "echo"},
    {9091, Carrier::tcp, "auth"},
    {9092, Carrier::tcp, "filesrv"},
}};

/// The port of that service, 0 if there is none.
constexpr std::uint16_t service_port(Carrier carrier, std::string_view service) {
  for (const ServicePort& each : service_ports)
    if (each.carrier == carrier && each.service == service) return each.number;
  return 0;
}

/// "tcp", "udp" or "sctp".
constexpr std::string_view to_text(Carrier carrier) {
  return carrier == Carrier::tcp ? "tcp" : carrier == Carrier::udp ? "udp" : "sctp";
}

}  // namespace netkit::net
