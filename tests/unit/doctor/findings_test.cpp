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

TEST_CASE("doctor: netkit's own SCTP works, or fails for want of loopback or by a rule") {
  using namespace std::chrono_literals;
  const Finding works = judge_user_sctp(0, 400us);
  CHECK(works.verdict == Verdict::good);
  CHECK(works.detail == "over UDP (RFC 6951), works on loopback, 400 us");
  CHECK(judge_user_sctp(ENETUNREACH, 0s).verdict == Verdict::note);
  CHECK(judge_user_sctp(ENETUNREACH, 0s).hint == "ip link set lo up");
  CHECK(judge_user_sctp(ETIMEDOUT, 2s).verdict == Verdict::bad);
  CHECK(judge_user_sctp(ETIMEDOUT, 2s).hint == "does a firewall drop UDP on lo?");
}

TEST_CASE("doctor: the open-file limit counts by the connections that it leaves") {
  const Finding plenty = judge_open_files(1024, 524288);
  CHECK(plenty.verdict == Verdict::good);
  CHECK(plenty.detail == "1024, servers raise it to 524288 and take 419424 connections");
  CHECK(judge_open_files(1024, 4096).verdict == Verdict::good);
  CHECK(judge_open_files(1024, 4095).verdict == Verdict::note);
  CHECK(judge_open_files(1024, 4095).hint ==
        "LimitNOFILE=65536 in the unit, or as root: ulimit -n 65536");
  CHECK(judge_open_files(256, 256).verdict == Verdict::note);
  CHECK(judge_open_files(255, 255).verdict == Verdict::bad);
}

TEST_CASE("doctor: a clock that nothing keeps is a note") {
  using namespace std::chrono_literals;
  const Finding kept = judge_kernel_clock({.synchronised = true, .off_at_most = 12500us});
  CHECK(kept.verdict == Verdict::good);
  CHECK(kept.detail == "synchronised, off by 12.5 ms at most");
  CHECK(judge_kernel_clock({}).verdict == Verdict::note);
  CHECK(judge_kernel_clock({}).hint.starts_with("timedatectl set-ntp true"));
  CHECK(judge_kernel_clock({.error = EPERM, .synchronised = true}).detail ==
        "the kernel does not say: Operation not permitted");
}

TEST_CASE("doctor: a line a taken port with who has it, and one if all are free") {
  std::vector<PortUse> ports;
  for (const net::ServicePort& each : net::service_ports)
    ports.push_back({each});
  auto findings = judge_ports(ports);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].verdict == Verdict::good);
  CHECK(findings[0].detail == "free: 2000 2002 2003/udp 2004/udp 8765 9090 9090/udp 9091 9092");

  findings = judge_ports({{{9090, net::Carrier::tcp, "echo"}, {7}, "python3 (pid 12)"},
                          {{2000, net::Carrier::tcp, "relay"}},
                          {{2004, net::Carrier::sctp, "presenced"}, {8}},
                          {{2003, net::Carrier::udp, "presence group"}, {9}, "netkit (pid 7)"}});
  REQUIRE(findings.size() == 3);
  CHECK(findings[0].what == "port 9090 tcp");
  CHECK(findings[0].verdict == Verdict::note);
  CHECK(findings[0].detail == "taken by python3 (pid 12), the port of echo");
  CHECK(findings[0].hint == "--auto-port, or stop it");
  CHECK(findings[1].what == "port 2004 udp");
  CHECK(findings[1].detail == "taken by another user's program, the port of presenced");
  CHECK(findings[1].hint == "ask as root: ss -lpun");
  CHECK(findings[2].hint == "peers and presenced share it; stop what is neither");

  findings = judge_ports({});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].detail == "/proc/net is not to be read");
}
