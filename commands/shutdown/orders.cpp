// Names of states and hosts.
#include "commands/shutdown/orders.hpp"

namespace netkit::shutdown {

std::string_view to_text(State state) {
  switch (state) {
    case State::ordered: return "ordered";
    case State::delivered: return "delivered";
    case State::accepted: return "accepted";
    case State::going: return "going";
    case State::refused: return "refused";
    case State::down: return "down";
    case State::timeout: return "timeout";
    case State::cancelled: return "cancelled";
    case State::expired: return "expired";
  }
  return "unknown";
}

HostKey key_of(const Id& machine) {
  return "m:" + to_text(machine);
}

HostKey key_of_address(std::string_view address) {
  return "a:" + std::string{address};
}

}  // namespace netkit::shutdown
