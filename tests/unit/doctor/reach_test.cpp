// Tests of what doctor says of the way to a host.
#include "commands/doctor/reach.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::doctor;
using namespace std::chrono_literals;

namespace {

const auto v4 = asio::ip::make_address("192.0.2.1");
const auto v6 = asio::ip::make_address("2001:db8::1");
constexpr net::ServicePort filesrv{9092, net::Carrier::tcp, "filesrv"};
constexpr net::ServicePort echo_udp{9090, net::Carrier::udp, "echo"};
constexpr net::ServicePort heartbeats{2004, net::Carrier::sctp, "presenced"};

Finding of(const net::ServicePort& port, int error, bool wanted = false) {
  const Try one{port, v4, error, 350us};
  return judge_reach({&one, 1}, wanted);
}

}  // namespace

TEST_CASE("judge_reach: an open TCP port is good and tells how long connecting took") {
  const Finding open = of(filesrv, 0);
  CHECK(open.what == "tcp 9092 (filesrv)");
  CHECK(open.verdict == Verdict::good);
  CHECK(open.detail == "open, 350 us");
  CHECK(open.hint.empty());
  CHECK(of({7, net::Carrier::tcp}, 0, true).what == "tcp 7");
}

TEST_CASE("judge_reach: a refused port is bad only if it was asked for") {
  CHECK(of(filesrv, ECONNREFUSED).verdict == Verdict::note);
  CHECK(of(filesrv, ECONNREFUSED).detail == "refused, nobody listens there");
  CHECK(of(filesrv, ECONNREFUSED, true).verdict == Verdict::bad);
  CHECK(of(filesrv, ECONNREFUSED, true).hint == "start the server there, or is its port another?");
}

TEST_CASE("judge_reach: silence and what stands in the way are bad, each with what to do") {
  CHECK(of(filesrv, ETIMEDOUT).verdict == Verdict::bad);
  CHECK(of(filesrv, ETIMEDOUT).hint == "a firewall drops it, or the host is off");
  CHECK(of(filesrv, EHOSTUNREACH).detail == "unreachable");
  CHECK(of(filesrv, ENETUNREACH).detail == "no route to it");
  CHECK(of(filesrv, ENETUNREACH).hint == "ip route add ADDRESS via ROUTER, or start DHCP");
  CHECK(of(echo_udp, EPERM).hint == "a rule of this machine's firewall: nft list ruleset");
  CHECK(of(filesrv, EMFILE).verdict == Verdict::bad);
  CHECK(of(filesrv, EMFILE).detail == "Too many open files");
  CHECK(of(filesrv, EMFILE).hint == "see which way it goes: ip route get ADDRESS");
}

TEST_CASE("judge_reach: a UDP port that nobody has shows that the way is open") {
  CHECK(of(echo_udp, 0).detail == "answers, 350 us");
  CHECK(of(echo_udp, ECONNREFUSED).verdict == Verdict::good);
  CHECK(of(echo_udp, ECONNREFUSED).detail == "the way is open, nobody listens there");
  CHECK(of(echo_udp, ECONNREFUSED).hint.empty());
  CHECK(of(echo_udp, ECONNREFUSED, true).verdict == Verdict::bad);
  CHECK(of(echo_udp, ETIMEDOUT, true).verdict == Verdict::note);
  CHECK(of(echo_udp, ETIMEDOUT).hint == "a firewall drops it, or nobody there answers");
}

TEST_CASE("judge_reach: SCTP answers, is refused or silent") {
  CHECK(of(heartbeats, 0).what == "sctp 2004 (presenced)");
  CHECK(of(heartbeats, 0).verdict == Verdict::good);
  CHECK(of(heartbeats, ECONNREFUSED).verdict == Verdict::note);
  CHECK(of(heartbeats, ETIMEDOUT).verdict == Verdict::note);
}

TEST_CASE("judge_reach: addresses that differ are told apart, and a dead one costs time") {
  std::vector<Try> tries{{filesrv, v6, ETIMEDOUT, 5s}, {filesrv, v4, 0, 350us}};
  Finding both = judge_reach(tries, true);
  CHECK(both.verdict == Verdict::note);
  CHECK(both.detail == "2001:db8::1 no answer, 192.0.2.1 open, 350 us");
  CHECK(both.hint == "clients lose time at 2001:db8::1: mend it, or take it out of the name");
  tries[0].error = 0;
  both = judge_reach(tries, true);
  CHECK(both.verdict == Verdict::good);
  CHECK(both.detail == "open, 5.00 s");
  tries[0].error = ECONNREFUSED;
  tries[1].error = ETIMEDOUT;
  both = judge_reach(tries, false);
  CHECK(both.verdict == Verdict::note);
  CHECK(both.hint == "start the server there, or is its port another?");
}

TEST_CASE("judge_name: addresses and how long it took, or why there are none") {
  const Finding found = judge_name("nas", std::vector{v4, v6}, 1200us);
  CHECK(found.what == "name nas");
  CHECK(found.verdict == Verdict::good);
  CHECK(found.detail == "192.0.2.1 2001:db8::1 in 1.20 ms");
  CHECK(judge_name("nas", std::vector{v4}, 1s).verdict == Verdict::note);
  CHECK(judge_name("nas", std::vector{v4}, 1s).hint ==
        "a name server of /etc/resolv.conf is silent: take it out");

  const Finding unknown = judge_name("nsa", Error{Errc::name_not_found, "", "Name unknown"}, 1ms);
  CHECK(unknown.verdict == Verdict::bad);
  CHECK(unknown.detail == "Name unknown");
  CHECK(unknown.hint.find("/etc/resolv.conf") != std::string::npos);
  CHECK(judge_name("nas", Errc::timed_out, 5s).detail == "no answer in 5.00 s");
}

TEST_CASE("judge_offset: a second is allowed, the life of a ticket is too much") {
  const auto offset = [](Duration ahead) { return ClockOffset{ahead, 100us, "SNTP"}; };
  CHECK(judge_offset("nas", offset(2ms)).verdict == Verdict::good);
  CHECK(judge_offset("nas", offset(2ms)).what == "clock nas");
  CHECK(judge_offset("nas", offset(2ms)).detail ==
        "2.00 ms ahead of this one, SNTP, give or take 100 us");
  CHECK(judge_offset("nas", offset(-1s)).detail ==
        "1.00 s behind this one, SNTP, give or take 100 us");
  CHECK(judge_offset("nas", offset(-1s)).verdict == Verdict::good);
  CHECK(judge_offset("nas", offset(-1001ms)).verdict == Verdict::note);
  CHECK(judge_offset("nas", offset(599s)).verdict == Verdict::note);
  CHECK(judge_offset("nas", offset(600s)).verdict == Verdict::bad);
  CHECK(judge_offset("nas", ClockOffset{1400ms, 500ms, "HTTP"}).verdict == Verdict::good);
  CHECK(judge_offset("nas", std::nullopt).verdict == Verdict::note);
  CHECK(judge_offset("nas", std::nullopt).hint == "compare what date says there");
}
