// Tests of what doctor says of interfaces, multicast and SCTP.
#include "commands/doctor/findings.hpp"

#include <cerrno>
#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::doctor;

namespace {

net::MulticastInterface an_interface() {
  net::MulticastInterface each;
  each.interface.name = "eth0";
  each.interface.up = each.interface.running = each.interface.multicast = true;
  each.interface.addresses = {asio::ip::make_address("192.0.2.1")};
  each.ways[0].joined = true;
  return each;
}

}  // namespace

TEST_CASE("doctor: an interface that carries nothing says why and what to do") {
  net::Interface interface = an_interface().interface;
  CHECK(judge(interface).verdict == Verdict::good);
  CHECK(judge(interface).detail == "192.0.2.1");
  interface.addresses.clear();
  CHECK(judge(interface).detail == "no address");
  interface.running = false;
  CHECK(judge(interface).detail == "no carrier");
  interface.up = false;
  CHECK(judge(interface).detail == "switched off");
  CHECK(judge(interface).hint == "ip link set eth0 up");
  CHECK(judge(interface).verdict == Verdict::note);
}

TEST_CASE("doctor: multicast that is joined and sent is good, else it says what fails") {
  net::MulticastInterface each = an_interface();
  auto findings = judge_multicast({each});
  REQUIRE(findings.size() == 1);  // No address of IPv6, so nothing of it.
  CHECK(findings[0].verdict == Verdict::good);
  CHECK(findings[0].what == "multicast eth0 IPv4");

  each.ways[0].send_failure = std::make_error_code(std::errc::operation_not_permitted);
  findings = judge_multicast({each});
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].verdict == Verdict::bad);
  CHECK(findings[1].detail == "no interface to other machines carries it");

  each.ways[0] = {};
  each.ways[0].join_failure = "too many groups";
  each.interface.multicast = false;
  findings = judge_multicast({each});
  CHECK(findings[0].detail == "too many groups");
  CHECK(findings[0].hint == "ip link set eth0 multicast on");

  each.interface.running = false;
  findings = judge_multicast({each});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].what == "multicast");
}

TEST_CASE("doctor: a missing route or module is a note in one line") {
  CHECK(judge_multicast_route(0).verdict == Verdict::good);
  const Finding route = judge_multicast_route(ENETUNREACH);
  CHECK(route.verdict == Verdict::note);
  CHECK(route.hint == "ip route add 224.0.0.0/4 dev INTERFACE");
  CHECK(judge_kernel_sctp(0).verdict == Verdict::good);
  const Finding sctp = judge_kernel_sctp(EPROTONOSUPPORT);
  CHECK(sctp.verdict == Verdict::note);
  CHECK(sctp.hint.starts_with("modprobe sctp"));
  CHECK(sctp.detail.find("over UDP") != std::string::npos);
}
