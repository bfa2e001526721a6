// What doctor makes of what it saw. Pure: looks at nothing itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/multicast.hpp"

namespace netkit::doctor {

enum class Verdict { good, note, bad };
/// "ok", "note" or "bad", as doctor prints them. A note costs something and stops nothing.
std::string_view to_text(Verdict verdict);

struct Finding {
  std::string what;
  Verdict verdict = Verdict::good;
  std::string detail;
  std::string hint;  ///< What to do about it; empty for what is good.
};

/// An interface: its addresses, or why it carries nothing.
Finding judge(const net::Interface& interface);

/// Multicast on each interface, a finding a family that it has an address of.
std::vector<Finding> judge_multicast(const std::vector<net::MulticastInterface>& interfaces);

/// Whether the system has a route to the group, `error` being what connect(2) of a UDP socket said
/// (0: it has). netkit names the interface itself, others do not.
Finding judge_multicast_route(int error);

/// SCTP of the kernel, `error` being what socket(2) said (0: it has it).
Finding judge_kernel_sctp(int error);

}  // namespace netkit::doctor
