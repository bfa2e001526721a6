// What an order to shut down is, and what is known of a host. Plain values: the book changes them,
// the records keep them, the operators' protocol shows them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/shutdown/protocol.hpp"

namespace netkit::shutdown {

/// Wall-clock time that does not jump: the server's clock at its start, and a steady one since.
using Time = std::chrono::system_clock::time_point;

/// ordered -> delivered -> accepted | refused -> going -> down | timeout | cancelled | expired.
enum class State : std::uint8_t {
  ordered,    ///< Kept, and the host does not have it yet.
  delivered,  ///< The host has it.
  accepted,   ///< The host will obey.
  going,      ///< The command runs.
  refused,    ///< The host will not, and says why. Final, like all below.
  down,       ///< The host is verifiably off.
  timeout,    ///< The host had it and stayed up, or was never silent.
  cancelled,
  expired,  ///< Never delivered in time.
};

std::string_view to_text(State state);
constexpr bool is_final(State state) {
  return state >= State::refused;
}

/// Names a host within one server: "m:" and its machine id, or "a:" and its address where no agent
/// has introduced itself.
using HostKey = std::string;
HostKey key_of(const Id& machine);
HostKey key_of_address(std::string_view address);
inline bool is_agent(const HostKey& key) {
  return key.starts_with("m:");
}

struct Order {
  OrderId id = 0;
  HostKey host;
  State state = State::ordered;
  std::string why;        ///< Of the state: a refusal's reason, what timed out.
  std::string issuer;     ///< Who ordered: a user, "admin socket", "wylacz".
  std::string reason;     ///< What the issuer gave.
  std::string line;       ///< The address whose line in `wylacz` stands for it; empty: none.
  bool line_due = false;  ///< That line is yet to be written.
  Id boot{};              ///< The boot it was offered to. Zeros: to none so far.
  bool force = false;
  bool offered = false;        ///< Sent at least once, so that the host may have it.
  bool cancel_wanted = false;  ///< To be cancelled if the host still can.
  std::uint64_t plan = 0;
  Time ordered;
  Time due;                     ///< Not to be offered before.
  std::optional<Time> expires;  ///< Not to be delivered after.
  Time changed;

  bool active() const { return !is_final(state); }
};

struct Host {
  HostKey key;
  Id machine{};
  Id boot{};
  std::string name;     ///< What its agent calls it; an address without one.
  std::string address;  ///< Where it was seen last.
  std::string exec;
  std::string version;
  std::vector<HardwareAddress> hardware_addresses;
  std::vector<std::uint16_t> ports;
  bool dry_run = false;
  bool enrolled = false;
  Time since;  ///< Of its present state, which is shown.
  std::optional<Time> last_seen;

  bool has_agent() const { return is_agent(key); }
};

}  // namespace netkit::shutdown
