// What doctor makes of what it saw of this machine. Pure: looks at nothing itself.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.hpp"
#include "net/multicast.hpp"
#include "net/service_ports.hpp"

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

/// A sentence: what was looked at, the verdict, the detail, the hint. "%1" in it is the first of
/// what is put in, and so on to "%9".
struct Sentence {
  const char* what;
  Verdict verdict;
  const char* detail;
  const char* hint = "";
};
using Parts = std::initializer_list<std::string_view>;
std::string filled(const char* text, Parts parts);
Finding say(const Sentence& sentence, Parts parts = {});

/// What errno says of itself.
std::string reason(int error);

/// An interface: its addresses, or why it carries nothing.
Finding judge(const net::Interface& interface);

/// Multicast on each interface, a finding a family that it has an address of.
std::vector<Finding> judge_multicast(const std::vector<net::MulticastInterface>& interfaces);

/// Whether the system has a route to the group, `error` being what connect(2) of a UDP socket said
/// (0: it has). netkit names the interface itself, others do not.
Finding judge_multicast_route(int error);

/// SCTP of the kernel, `error` being what socket(2) said (0: it has it).
Finding judge_kernel_sctp(int error);

/// netkit's own SCTP, `error` and `took` being those of an association with itself on loopback.
Finding judge_user_sctp(int error, Duration took);

/// The soft and the hard limit (getrlimit(2)), by the connections that they leave to a server.
Finding judge_open_files(std::uint64_t soft, std::uint64_t hard);

/// What adjtimex(2) says of the clock.
struct KernelClock {
  int error = 0;  ///< errno, if it says nothing.
  bool synchronised = false;
  Duration off_at_most{};  ///< Its own estimate.
};
Finding judge_kernel_clock(const KernelClock& clock);

/// A port of a server of netkit's, and whose sockets are bound to it here.
struct PortUse {
  net::ServicePort port;
  std::vector<std::uint64_t> inodes = {};
  std::string owner = {};  ///< "NAME (pid N)", several with commas; empty if that may not be seen.
};
/// A finding a taken port; one if all are free. Without any the kernel's tables were not readable.
std::vector<Finding> judge_ports(const std::vector<PortUse>& ports);

}  // namespace netkit::doctor
