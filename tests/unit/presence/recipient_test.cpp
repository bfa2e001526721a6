// Tests of whom a name means, and where they take messages.
#include "commands/presence/recipient.hpp"

#include <doctest/doctest.h>

#include "cli/exit_code.hpp"

using namespace netkit;
using namespace netkit::presence;

namespace {

Entry entry(std::string name, std::uint16_t number, State state = State::online) {
  Entry told;
  told.said.name = std::move(name);
  told.said.key = std::string(32, 'k');
  told.said.tcp_port = 4000;
  told.number = number;
  told.state = state;
  told.since_ms = 1'795'000'000'000;
  return told;
}

}  // namespace

TEST_CASE("pick: a name as it is shown is that one alone") {
  const Entry first = entry("ana", 0, State::offline);
  const Entry second = entry("ana", 2);
  const auto away = pick({&first, &second}, "ana");
  REQUIRE(!away);
  CHECK(is_absent(away.error()));
  CHECK(cli::exit_code_of(away.error()) == cli::exit_unreachable);
  CHECK(away.error().message() ==
        "cannot send to ana: it is offline (since 2026-11-18T11:06:40.000Z; --wait keeps the "
        "message until it is back)");
  const auto here = pick({&second}, "ana (2)");
  REQUIRE(here);
  CHECK(*here == &second);
}

TEST_CASE("pick: another spelling means whoever is here, if that is one") {
  const Entry first = entry("ana", 0);
  const Entry second = entry("Ana", 2);
  const Entry gone = entry("Ana", 3, State::left);
  const auto several = pick({&first, &second, &gone}, "ANA");
  REQUIRE(!several);
  CHECK(several.error().code == Errc::usage);
  CHECK(several.error().hint == "say 'ana' or 'Ana (2)'");
  const auto one = pick({&second, &gone}, "ANA");
  REQUIRE(one);
  CHECK(*one == &second);
  const auto none = pick({&gone}, "ANA");
  REQUIRE(!none);
  CHECK(none.error().message().find("it has left") != std::string::npos);
}

TEST_CASE("pick: nobody is not found") {
  CHECK(pick({}, "ana").error().code == Errc::not_found);
}

TEST_CASE("recipient_of: loopback is meant where the daemon is") {
  Entry told = entry("ana", 2);
  told.addresses = {asio::ip::make_address("127.0.0.1"), asio::ip::make_address("192.0.2.1")};
  const Recipient near = recipient_of(told, "127.0.0.1");
  CHECK(near.shown == "ana (2)");
  CHECK(near.name == "ana");
  CHECK(near.port == 4000);
  CHECK(near.addresses == std::vector<std::string>{"127.0.0.1", "192.0.2.1"});
  CHECK(recipient_of(told, "").addresses == near.addresses);
  CHECK(recipient_of(told, "::1").addresses == near.addresses);
  CHECK(recipient_of(told, "192.0.2.9").addresses ==
        std::vector<std::string>{"192.0.2.1", "192.0.2.9"});
  CHECK(recipient_of(told, "hall.example").addresses ==
        std::vector<std::string>{"192.0.2.1", "hall.example"});
}

TEST_CASE("recipient_at: takes an address and a port") {
  CHECK(is_endpoint("192.0.2.1:4000"));
  CHECK(!is_endpoint("ana (2)"));
  const auto at = recipient_at("[2001:db8::1]:4000");
  REQUIRE(at);
  CHECK(at->addresses == std::vector<std::string>{"2001:db8::1"});
  CHECK(at->port == 4000);
  CHECK(at->key.empty());
  CHECK(recipient_at("tls://ana.example:4000"));
  for (const char* const wrong :
       {"tcp://ana.example:4000", "tls://ana.example", ":4000", "unix:/tmp/x", "ana.example:0"}) {
    CAPTURE(wrong);
    CHECK(recipient_at(wrong).error().code == Errc::usage);
  }
}
