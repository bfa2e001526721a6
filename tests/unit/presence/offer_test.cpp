// Tests of how tags become endpoints of servers.
#include "commands/presence/offer.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::presence;

namespace {

Entry entry(std::vector<std::string> tags) {
  Entry told;
  told.said.name = "web";
  told.said.key = std::string(32, 'k');
  told.said.tcp_port = 4000;
  told.said.tags = std::move(tags);
  told.addresses = {asio::ip::make_address("2001:db8::1")};
  return told;
}

}  // namespace

TEST_CASE("offer_of: a tag names the service, others its port and scheme") {
  const auto own = offer_of(entry({"service=relay"}));
  REQUIRE(own);
  CHECK(own->service == "relay");
  CHECK(own->endpoint == "[2001:db8::1]:4000");
  const auto other = offer_of(entry({"x", "port=2000", "service=relay", "scheme=tls"}));
  REQUIRE(other);
  CHECK(other->name == "web");
  CHECK(other->endpoint == "tls://[2001:db8::1]:2000");
}

TEST_CASE("offer_of: no server, or one that is not here") {
  CHECK(!offer_of(entry({})));
  CHECK(!offer_of(entry({"service="})));
  CHECK(!offer_of(entry({"services=relay"})));
  CHECK(!offer_of(entry({"service=relay", "port=70000"})));
  CHECK(!offer_of(entry({"service=relay", "port=0"})));
  CHECK(!offer_of(entry({"service=relay", "scheme=gopher"})));
  Entry gone = entry({"service=relay"});
  gone.state = State::offline;
  CHECK(!offer_of(gone));
}

TEST_CASE("add_offer: a server found by two ways is one") {
  std::vector<Offer> offers;
  add_offer(offers, {"hall", "presence", "tcp://192.0.2.1:2002", "k"});
  add_offer(offers, {"hall", "presence", "tcp://192.0.2.2:2002", "k"});
  add_offer(offers, {"hall", "relay", "tcp://192.0.2.2:2000", "k"});
  REQUIRE(offers.size() == 2);
  CHECK(offers.front().endpoint == "tcp://192.0.2.1:2002");
}
