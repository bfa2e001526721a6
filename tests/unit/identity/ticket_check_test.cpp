// Tests of what a ticket is good for: each limit alone, at its edges, and uses that leave out what
// a ticket is limited to.
#include <doctest/doctest.h>
#include <functional>

#include "identity/ticket.hpp"

using namespace netkit;
using namespace netkit::identity;

namespace {

constexpr TicketUse use{"filesrv", "filesrv:get", "get", "/reports/2026", "192.0.2.7", 1000};

/// Why a ticket that is limited by `limit` is not good for `asked`; empty if it is.
std::string reason(const std::function<void(TicketLimits&)>& limit, const TicketUse& asked = use) {
  Ticket ticket;
  ticket.limits.expires_s = 2000;
  limit(ticket.limits);
  const auto checked = check_limits(ticket, asked);
  if (checked) return "";
  CHECK(checked.error().code == Errc::refused);
  return checked.error().hint;
}

bool in_network(const char* network, std::string_view address) {
  TicketUse from = use;
  from.address = address;
  return reason([&](TicketLimits& l) { l.network = network; }, from).empty();
}

bool below(const char* limit, std::string_view path) {
  TicketUse at = use;
  at.path = path;
  return reason([&](TicketLimits& l) { l.path = limit; }, at).empty();
}

}  // namespace

TEST_CASE("check_limits: a ticket without limits is good until it expires") {
  const auto none = [](TicketLimits&) {};
  CHECK(reason(none) == "");
  CHECK(reason(none, {"", "", "", "", "", 1999}) == "");
  CHECK(reason(none, {"", "", "", "", "", 2000}) == "it expired at 1970-01-01T00:33:20.000Z");
  CHECK(reason(none, {"", "", "", "", "", INT64_MAX}) != "");
}

TEST_CASE("check_limits: not before its time") {
  CHECK(reason([](TicketLimits& l) { l.not_before_s = 1000; }) == "");
  CHECK(reason([](TicketLimits& l) { l.not_before_s = 1001; }) ==
        "it is not good before 1970-01-01T00:16:41.000Z");
}

TEST_CASE("check_limits: the service") {
  CHECK(reason([](TicketLimits& l) { l.service = "filesrv"; }) == "");
  CHECK(reason([](TicketLimits& l) { l.service = "echo"; }) == "it is good at echo only");
  CHECK(reason([](TicketLimits& l) { l.service = "files"; }) != "");
  CHECK(reason([](TicketLimits& l) { l.service = "filesrv"; }, {"", "", "", "", "", 1}) != "");
}

TEST_CASE("check_limits: the server itself") {
  const auto limit = [](TicketLimits& l) { l.audience = "127.0.0.1:9007"; };
  TicketUse at = use;
  CHECK(reason(limit, at) == "it is good at the server 127.0.0.1:9007 only");
  for (const char* other : {"127.0.0.1:9008", "127.0.0.1:900", "127.0.0.1", "unix:/a"}) {
    at.audience = other;
    CHECK(reason(limit, at) != "");
  }
  at.audience = "127.0.0.1:9007";
  CHECK(reason(limit, at) == "");
  CHECK(reason([](TicketLimits&) {}, at) == "");
}

TEST_CASE("check_limits: the scopes") {
  CHECK(reason([](TicketLimits& l) { l.scopes = {"filesrv:get"}; }) == "");
  CHECK(reason([](TicketLimits& l) { l.scopes = {"echo", "filesrv"}; }) == "");
  CHECK(reason([](TicketLimits& l) { l.scopes = {"admin"}; }) == "");
  CHECK(reason([](TicketLimits& l) {
          l.scopes = {"filesrv:list", "filesrv:put"};
        }) == "it is good for filesrv:list, filesrv:put only");
  CHECK(reason([](TicketLimits& l) { l.scopes = {"filesrv:get"}; },
               {"filesrv", "", "", "", "", 1}) != "");
}

TEST_CASE("check_limits: the verbs") {
  CHECK(reason([](TicketLimits& l) { l.verbs = {"get", "list"}; }) == "");
  CHECK(reason([](TicketLimits& l) { l.verbs = {"GET"}; }) == "it is good for GET only");
  CHECK(reason([](TicketLimits& l) { l.verbs = {"get"}; }, {"filesrv", "", "", "", "", 1}) != "");
}

TEST_CASE("check_limits: the path, component by component") {
  CHECK(below("/reports", "/reports"));
  CHECK(below("/reports", "/reports/"));
  CHECK(below("/reports", "reports/2026"));
  CHECK(below("/reports/2026", "/reports/2026/a.txt"));
  CHECK(below("/", "/anything/at/all"));
  CHECK(below("/", "/"));
  CHECK_FALSE(below("/reports", "/reports2"));
  CHECK_FALSE(below("/reports", "/report"));
  CHECK_FALSE(below("/reports", "/"));
  CHECK_FALSE(below("/reports", ""));
  CHECK_FALSE(below("/", ""));
  CHECK_FALSE(below("/reports", "/Reports/a"));
  CHECK_FALSE(below("/reports", "/reports/../secret"));
  CHECK_FALSE(below("/reports", "/reports/.."));
  CHECK_FALSE(below("/reports", "/reports/./a"));
  CHECK_FALSE(below("/reports", "/reports//a"));
  CHECK_FALSE(below("/reports", "//reports/a"));
  CHECK_FALSE(below("/reports", std::string_view{"/reports/a\0b", 12}));
  CHECK_FALSE(below("/reports", "/reports/\xff"));
  CHECK(reason([](TicketLimits& l) { l.path = "/secret"; }) == "it is good below /secret only");
}

TEST_CASE("check_limits: the presenter's address") {
  CHECK(in_network("192.0.2.7", "192.0.2.7"));
  CHECK(in_network("192.0.2.0/24", "192.0.2.255"));
  CHECK(in_network("192.0.2.0/24", "::ffff:192.0.2.7"));
  CHECK(in_network("0.0.0.0/0", "203.0.113.1"));
  CHECK(in_network("2001:db8::/32", "2001:db8:ffff::1"));
  CHECK(in_network("2001:db8:8000::/33", "2001:db8:ffff::1"));
  CHECK(in_network("fe80::/10", "fe80::1%eth0"));
  CHECK_FALSE(in_network("192.0.2.7", "192.0.2.8"));
  CHECK_FALSE(in_network("192.0.2.0/25", "192.0.2.128"));
  CHECK_FALSE(in_network("2001:db8:8000::/33", "2001:db8:7fff::1"));
  CHECK_FALSE(in_network("0.0.0.0/0", "2001:db8::1"));
  CHECK_FALSE(in_network("::/0", "192.0.2.7"));
  CHECK_FALSE(in_network("0.0.0.0/0", "unix"));
  CHECK_FALSE(in_network("0.0.0.0/0", ""));
  CHECK_FALSE(in_network("192.0.2.0/24", "192.0.2.7/8"));
  CHECK_FALSE(in_network("192.0.2.0/24", "192.0.2.7%eth0"));
  CHECK_FALSE(in_network("192.0.2.0/24", std::string_view{"192.0.2.7\0", 10}));
  CHECK(reason([](TicketLimits& l) { l.network = "198.51.100.0/24"; }) ==
        "it is good from 198.51.100.0/24 only");
}
