// Magic packets: their bytes, where they go, and that one bad address keeps no other from its own.
// Sends on loopback only.
#include "commands/shutdown/wake.hpp"

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <doctest/doctest.h>
#include <optional>

#include "net/spawn.hpp"

using namespace netkit;
using namespace netkit::shutdown;
using namespace std::literals;

namespace {

constexpr std::string_view packet =
    "\xff\xff\xff\xff\xff\xff"
    "\x02\x00\x5e\x10\x00\xfe\x02\x00\x5e\x10\x00\xfe"
    "\x02\x00\x5e\x10\x00\xfe\x02\x00\x5e\x10\x00\xfe"
    "\x02\x00\x5e\x10\x00\xfe\x02\x00\x5e\x10\x00\xfe"
    "\x02\x00\x5e\x10\x00\xfe\x02\x00\x5e\x10\x00\xfe"
    "\x02\x00\x5e\x10\x00\xfe\x02\x00\x5e\x10\x00\xfe"
    "\x02\x00\x5e\x10\x00\xfe\x02\x00\x5e\x10\x00\xfe"
    "\x02\x00\x5e\x10\x00\xfe\x02\x00\x5e\x10\x00\xfe"
    "\x02\x00\x5e\x10\x00\xfe\x02\x00\x5e\x10\x00\xfe"sv;
constexpr HardwareAddress first = {'\x02', '\x00', '\x5e', '\x10', '\x00', '\xfe'};
constexpr HardwareAddress second = {'\x02', '\x00', '\x5e', '\x10', '\x00', '\xff'};

asio::awaitable<void> send(std::vector<HardwareAddress> addresses,
                           std::vector<asio::ip::address> targets, std::uint16_t port,
                           std::optional<Result<std::size_t>>& answer) {
  answer = co_await send_magic_packets_to(std::move(addresses), std::move(targets), port);
}

Result<std::size_t> sent(std::vector<HardwareAddress> addresses,
                         std::vector<asio::ip::address> targets, std::uint16_t port) {
  asio::io_context context;
  std::optional<Result<std::size_t>> answer;
  asio::co_spawn(context, send(std::move(addresses), std::move(targets), port, answer),
                 net::rethrow);
  context.run();
  REQUIRE(answer);
  return *answer;
}

std::string received(asio::ip::udp::socket& socket) {
  std::string bytes(200, '\0');
  std::error_code failed;
  bytes.resize(socket.receive(asio::buffer(bytes), 0, failed));
  return bytes;
}

}  // namespace

TEST_CASE("magic_packet: six FF, then the address sixteen times") {
  const auto bytes = magic_packet(first);
  CHECK(bytes.size() == 102);
  CHECK(std::string_view{bytes.data(), bytes.size()} == packet);
}

TEST_CASE("send_magic_packets_to: one packet an address and target, past a target that refuses") {
  asio::io_context context;
  asio::ip::udp::socket here{context, {asio::ip::make_address("127.0.0.1"), 0}};
  here.non_blocking(true);
  const auto answer =
      sent({first, second},
           {asio::ip::make_address("fe80::1%4294967294"), asio::ip::make_address("127.0.0.1")},
           here.local_endpoint().port());
  REQUIRE(answer);
  CHECK(*answer == 2);
  CHECK(received(here) == packet);
  std::string other{packet};
  for (std::size_t at = 11; at < other.size(); at += 6)
    other[at] = '\xff';
  CHECK(received(here) == other);
  CHECK(received(here).empty());
}

TEST_CASE("send_magic_packets_to: an error if no target took any, zero if there was nothing") {
  const auto refused = sent({first}, {asio::ip::make_address("fe80::1%4294967294")}, 9);
  REQUIRE(!refused);
  CHECK(refused.error().attempt == "send a magic packet"sv);
  const auto none = sent({}, {asio::ip::make_address("127.0.0.1")}, 9);
  REQUIRE(none);
  CHECK(*none == 0);
}

TEST_CASE("wake_targets: the limited broadcast and the last address, each target once") {
  const auto has = [](const std::vector<asio::ip::address>& targets, const char* text) {
    return std::count(targets.begin(), targets.end(), asio::ip::make_address(text));
  };
  const auto targets = wake_targets("192.0.2.7");
  CHECK(has(targets, "255.255.255.255") == 1);
  CHECK(has(targets, "192.0.2.7") == 1);
  CHECK(has(targets, "127.255.255.255") == 0);
  CHECK(has(wake_targets("2001:db8::7"), "2001:db8::7") == 1);
  CHECK(has(wake_targets("255.255.255.255"), "255.255.255.255") == 1);
  const std::size_t without = wake_targets("").size();
  CHECK(wake_targets("web1").size() == without);
  CHECK(wake_targets("0.0.0.0").size() == without);
}
