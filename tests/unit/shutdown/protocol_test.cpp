// The agent protocol, byte by byte: every message against literal bytes, cut at every offset, with
// every field that may not be there.
#include "commands/shutdown/protocol.hpp"

#include <doctest/doctest.h>

using namespace netkit;
using namespace netkit::shutdown;
using namespace std::literals;

namespace {

constexpr Id machine = {'m', 'a', 'c', 'h', 'i', 'n', 'e', '-',
                        '0', '1', '2', '3', '4', '5', '6', '7'};
constexpr Id boot = {'b', 'o', 'o', 't', '-', '0', '1', '2',
                     '3', '4', '5', '6', '7', '8', '9', 'a'};

// hello, 79 bytes of body: flags 3, two hardware addresses, two ports
constexpr std::string_view hello =
    "\xf7NK\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x4f"
    "\x03"
    "machine-01234567"
    "boot-0123456789a"
    "\x00\x04web1"
    "\x00\x05"
    "0.1.0"
    "\x00\x08poweroff"
    "\x02\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\xff"
    "\x02\x00\x16\x1f\x90"
    "\x00\x03k7p"sv;
// order, 51 bytes of body: 0x0102030405060708, one minute, force
constexpr std::string_view order =
    "\xf7NK\x01\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x33"
    "\x01\x02\x03\x04\x05\x06\x07\x08"
    "boot-0123456789a"
    "\x00\x00\x00\x00\x00\x00\xea\x60"
    "\x01"
    "\x00\x04root"
    "\x00\x0aUPS is low"sv;
constexpr std::string_view welcome =
    "\xf7NK\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10"
    "\x00\x03ups\x00\x00\x3a\x98\x00\x05nk_AB"sv;
constexpr std::string_view refused =
    "\xf7NK\x01\x00\x12\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0e"
    "\x00\x00\x00\x00\x00\x00\x00\x2a\x00\x04"
    "busy"sv;
constexpr std::string_view goodbye =
    "\xf7NK\x01\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x11"
    "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07"
    "SIGTERM"sv;
constexpr std::string_view cancel =
    "\xf7NK\x01\x00\x21\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08"
    "\x00\x00\x00\x00\x00\x00\x00\x2a"sv;
constexpr std::string_view rejection =
    "\xf7NK\x01\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08"
    "\x00\x06no key"sv;

Hello example() {
  return {.dry_run = true,
          .once = true,
          .machine = machine,
          .boot = boot,
          .host = "web1",
          .version = "0.1.0",
          .exec = "poweroff",
          .hardware_addresses = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, '\xff'}},
          .ports = {22, 8080},
          .code = "k7p"};
}

std::string frame(std::string_view type, std::string_view body) {
  std::string bytes = "\xf7NK\x01"s.append(type).append(8, '\0');
  bytes += static_cast<char>(body.size() >> 8);
  bytes += static_cast<char>(body.size() & 0xff);
  return bytes.append(body);
}

std::string with(std::string_view message, std::size_t at, std::string_view bytes) {
  return std::string{message}.replace(at, bytes.size(), bytes);
}

std::error_code agent_refusal(std::string_view bytes) {
  const auto decoded = decode_from_agent(bytes);
  return decoded ? std::error_code{} : decoded.error().code;
}

std::error_code server_refusal(std::string_view bytes) {
  const auto decoded = decode_from_server(bytes);
  return decoded ? std::error_code{} : decoded.error().code;
}

void check_agent(const FromAgent& message, std::string_view bytes) {
  CHECK(encode(message) == bytes);
  const auto decoded = decode_from_agent(bytes);
  REQUIRE(decoded);
  CHECK(*decoded == message);
}

void check_server(const FromServer& message, std::string_view bytes) {
  CHECK(encode(message) == bytes);
  const auto decoded = decode_from_server(bytes);
  REQUIRE(decoded);
  CHECK(*decoded == message);
}

}  // namespace

TEST_CASE("agent protocol: every message of an agent is these bytes and reads back") {
  check_agent(example(), hello);
  check_agent(Goodbye{.order = 0, .why = "SIGTERM"}, goodbye);
  check_agent(Progress{.step = Step::refused, .order = 42, .why = "busy"}, refused);
  const std::string_view forty_two = "\x00\x00\x00\x00\x00\x00\x00\x2a"sv;
  check_agent(Progress{.step = Step::receipt, .order = 42, .why = {}},
              frame("\x00\x10"sv, forty_two));
  check_agent(Progress{.step = Step::accepted, .order = 42, .why = {}},
              frame("\x00\x11"sv, forty_two));
  check_agent(Progress{.step = Step::going, .order = 42, .why = {}},
              frame("\x00\x13"sv, forty_two));
  check_agent(Progress{.step = Step::cancelled, .order = 42, .why = {}},
              frame("\x00\x14"sv, forty_two));
}

TEST_CASE("agent protocol: every message of the server is these bytes and reads back") {
  check_server(Welcome{.server = "ups", .heartbeat_ms = 15000, .token = "nk_AB"}, welcome);
  check_server(OrderOffer{.order = 0x0102030405060708,
                          .boot = boot,
                          .valid_for_ms = 60000,
                          .force = true,
                          .issuer = "root",
                          .reason = "UPS is low"},
               order);
  check_server(CancelOffer{.order = 42}, cancel);
  check_server(Rejection{.why = "no key"}, rejection);
}

TEST_CASE("agent protocol: a message cut at any byte is refused, and one with a byte too many") {
  for (const std::string_view message : {hello, refused, goodbye}) {
    for (std::size_t size = 0; size < message.size(); ++size)
      CHECK(agent_refusal(message.substr(0, size)) == Errc::malformed);
    CHECK(agent_refusal(std::string{message} + "x") == Errc::malformed);
    CHECK(agent_refusal(std::string{message}.append(message)) == Errc::malformed);
  }
  for (const std::string_view message : {order, welcome, cancel, rejection}) {
    for (std::size_t size = 0; size < message.size(); ++size)
      CHECK(server_refusal(message.substr(0, size)) == Errc::malformed);
    CHECK(server_refusal(std::string{message} + "x") == Errc::malformed);
  }
}

TEST_CASE("agent protocol: a body shorter or longer than its fields is refused at every size") {
  const std::string_view body = hello.substr(16);
  for (std::size_t size = 0; size < body.size(); ++size)
    CHECK(agent_refusal(frame("\x00\x01"sv, body.substr(0, size))) == Errc::malformed);
  CHECK(agent_refusal(frame("\x00\x01"sv, body)) == std::error_code{});
  CHECK(agent_refusal(frame("\x00\x01"sv, std::string{body} + '\0')) == Errc::malformed);
  const std::string_view offer = order.substr(16);
  for (std::size_t size = 0; size < offer.size(); ++size)
    CHECK(server_refusal(frame("\x00\x20"sv, offer.substr(0, size))) == Errc::malformed);
  CHECK(server_refusal(frame("\x00\x20"sv, std::string{offer} + '\0')) == Errc::malformed);
}

TEST_CASE("agent protocol: unknown flags, a missing order and port 0 are refused") {
  CHECK(agent_refusal(with(hello, 16, "\x04"sv)) == Errc::malformed);
  CHECK(server_refusal(with(order, 48, "\x02"sv)) == Errc::malformed);
  CHECK(server_refusal(with(order, 48, "\x00"sv)) == std::error_code{});
  CHECK(server_refusal(with(order, 16, "\0\0\0\0\0\0\0\0"sv)) == Errc::malformed);
  CHECK(server_refusal(with(cancel, 16, "\0\0\0\0\0\0\0\0"sv)) == Errc::malformed);
  CHECK(agent_refusal(with(refused, 16, "\0\0\0\0\0\0\0\0"sv)) == Errc::malformed);
  CHECK(agent_refusal(with(hello, hello.find("\x00\x16"sv), "\0\0"sv)) == Errc::malformed);
  CHECK(agent_refusal(with(hello, 7, "\x01"sv)) == Errc::malformed);
  CHECK(agent_refusal(with(hello, 11, "\x01"sv)) == Errc::malformed);
}

TEST_CASE("agent protocol: what only the other side says is unexpected") {
  CHECK(agent_refusal(order) == Errc::unexpected);
  CHECK(agent_refusal(cancel) == Errc::unexpected);
  CHECK(agent_refusal(rejection) == Errc::unexpected);
  CHECK(agent_refusal(frame("\xff\xff"sv, "")) == Errc::unexpected);
  CHECK(agent_refusal(frame("\x00\x00"sv, "")) == Errc::unexpected);
  CHECK(server_refusal(refused) == Errc::unexpected);
  CHECK(server_refusal(goodbye) == Errc::unexpected);
  CHECK(server_refusal(frame("\x00\x22"sv, "")) == Errc::unexpected);
}

TEST_CASE("agent protocol: texts must be UTF-8 and within their limit") {
  CHECK(agent_refusal(with(hello, hello.find("web1"), "we\xff\x31"sv)) == Errc::not_utf8);
  CHECK(server_refusal(with(rejection, 18, "\xc3"sv)) == Errc::not_utf8);
  const std::string_view none = "\x00\x00\x00\x00\x00\x00\x00\x00"sv;
  CHECK(agent_refusal(frame("\x00\x03"sv, std::string{none} + "\x10\x01" +
                                              std::string(4097, 'a'))) == Errc::too_large);
  CHECK(agent_refusal(frame("\x00\x03"sv, std::string{none}.append("\x10\x00"sv) +
                                              std::string(4096, 'a'))) == std::error_code{});
  CHECK(agent_refusal(frame("\x00\x01"sv, std::string(33, '\0') + "\x01\x00"s +
                                              std::string(300, 'a'))) == Errc::too_large);
  CHECK(agent_refusal("\xf7NK\x01\x00\x03\0\0\0\0\0\0\x00\x00\x80\x01"sv) == Errc::too_large);
  CHECK(agent_refusal("\xf7NK\x02"sv) == Errc::wrong_version);
  CHECK(agent_refusal("yep") == Errc::malformed);
}

TEST_CASE("agent protocol: lists beyond their limit are refused") {
  const std::string head = std::string(33, '\0') + "\0\0\0\0\0\0"s;
  CHECK(agent_refusal(frame("\x00\x01"sv, head + "\x11" + std::string(17 * 6, 'm') + "\0\0\0"s)) ==
        Errc::too_large);
  CHECK(agent_refusal(frame("\x00\x01"sv, head + "\x10" + std::string(16 * 6, 'm') + "\0\0\0"s)) ==
        std::error_code{});
  CHECK(agent_refusal(frame("\x00\x01"sv, head + "\x00\x41"s + std::string(65 * 2, 'p') +
                                              "\0\0"s)) == Errc::too_large);
}

TEST_CASE("agent protocol: what is encoded is decoded, however long or broken its parts were") {
  Hello long_one = example();
  long_one.host = std::string(254, 'h') + "é";
  long_one.exec = std::string(4095, 'x') + "€" + std::string(70'000, 'y');
  long_one.version = "caf\xe9";
  long_one.code = std::string(5000, '\xff');
  long_one.hardware_addresses.assign(300, {1, 2, 3, 4, 5, 6});
  long_one.ports.assign(300, 443);
  const auto decoded = decode_from_agent(encode(long_one));
  REQUIRE(decoded);
  const auto& read = std::get<Hello>(*decoded);
  CHECK(read.host == std::string(254, 'h'));
  CHECK(read.exec == std::string(4095, 'x'));
  CHECK(read.version == "caf\\xe9");
  CHECK(read.code.size() == 4096);
  CHECK(read.code.starts_with("\\xff\\xff"));
  CHECK(read.hardware_addresses.size() == 16);
  CHECK(read.ports.size() == 64);
}

TEST_CASE("order ids: 16 hex digits, never 0") {
  CHECK(to_text(OrderId{0x0102030405060708}) == "0102030405060708");
  CHECK(to_text(OrderId{0xffffffffffffffff}) == "ffffffffffffffff");
  CHECK(parse_order_id("0102030405060708") == 0x0102030405060708);
  CHECK(parse_order_id("FFFFFFFFFFFFFFFF") == 0xffffffffffffffff);
  for (const std::string_view text :
       {""sv, "0000000000000000"sv, "102030405060708"sv, "00102030405060708"sv,
        "010203040506070g"sv, "+102030405060708"sv})
    CHECK(!parse_order_id(text));
}

TEST_CASE("machine and boot ids: 32 hex digits, with or without dashes") {
  constexpr Id id = {'\x01', '\x23', '\x45', '\x67', '\x89', '\xab', '\xcd', '\xef',
                     '\xfe', '\xdc', '\xba', '\x98', '\x76', '\x54', '\x32', '\x10'};
  CHECK(to_text(id) == "0123456789abcdeffedcba9876543210");
  CHECK(parse_id("0123456789abcdeffedcba9876543210") == id);
  CHECK(parse_id("01234567-89ab-cdef-fedc-ba9876543210") == id);
  CHECK(parse_id("0123456789ABCDEFFEDCBA9876543210") == id);
  for (const std::string_view text :
       {""sv, "0123456789abcdeffedcba987654321"sv, "0123456789abcdeffedcba98765432100"sv,
        "0123456789abcdeffedcba987654321x"sv, "0123456789abcdeffedcba9876543210\n"sv})
    CHECK(!parse_id(text));
  CHECK(!parse_id(std::string(100, '-') + "0123456789abcdeffedcba9876543210"));
}

TEST_CASE("hardware addresses: six bytes with colons") {
  constexpr HardwareAddress address = {'\xaa', '\xbb', '\x0c', '\x00', '\x01', '\xff'};
  CHECK(to_text(address) == "aa:bb:0c:00:01:ff");
  CHECK(parse_hardware_address("aa:bb:0c:00:01:ff") == address);
  CHECK(parse_hardware_address("AA:BB:0C:00:01:FF") == address);
  for (const std::string_view text :
       {""sv, "aa:bb:0c:00:01:f"sv, "aa:bb:0c:00:01:ff:"sv, "aa:bb:0c:00:01:ff0"sv,
        "aabb0c0001ff"sv, "aa-bb-0c-00-01-ff"sv, "aa:bb:0c:00:01:fg"sv, "a:bb:0c:00:01:fff"sv})
    CHECK(!parse_hardware_address(text));
}
