// What the WebSocket encoder writes, against the examples of RFC 6455, section 5.7, so that it does
// not vouch for itself.
#include <doctest/doctest.h>

#include "wire/websocket.hpp"

using namespace netkit;
using namespace std::literals;
using wire::WebSocketOp;

namespace {

std::string encoded(WebSocketOp op, std::string_view body,
                    std::optional<std::uint32_t> mask_key = std::nullopt) {
  std::string out;
  wire::append_websocket(out, op, body, mask_key);
  return out;
}

std::string close_of(std::uint16_t code, std::string_view reason) {
  std::string out;
  wire::append_websocket_close(out, code, reason);
  return out;
}

}  // namespace

TEST_CASE("append_websocket: writes the examples of RFC 6455") {
  CHECK(encoded(WebSocketOp::text, "Hello") == "\x81\x05Hello");
  CHECK(encoded(WebSocketOp::text, "Hello", 0x37fa213d) ==
        "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"sv);
  CHECK(encoded(WebSocketOp::ping, "Hello") == "\x89\x05Hello");
  CHECK(encoded(WebSocketOp::pong, "Hello", 0x37fa213d) ==
        "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"sv);
  const std::string of_256(256, 'b');
  CHECK(encoded(WebSocketOp::binary, of_256) == "\x82\x7e\x01\x00"s + of_256);
  const std::string of_64_kib(65536, 'b');
  CHECK(encoded(WebSocketOp::binary, of_64_kib) ==
        "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s + of_64_kib);
}

TEST_CASE("append_websocket_header: each form of the length begins where the one before ends") {
  const auto header = [](std::size_t size, std::optional<std::uint32_t> key = std::nullopt) {
    std::string out;
    wire::append_websocket_header(out, WebSocketOp::binary, size, key);
    return out;
  };
  CHECK(header(0) == "\x82\x00"sv);
  CHECK(header(125) == "\x82\x7d"sv);
  CHECK(header(126) == "\x82\x7e\x00\x7e"sv);
  CHECK(header(65535) == "\x82\x7e\xff\xff"sv);
  CHECK(header(65536) == "\x82\x7f\0\0\0\0\0\1\0\0"sv);
  CHECK(header(std::size_t{1} << 40) == "\x82\x7f\0\0\1\0\0\0\0\0"sv);
  CHECK(header(0, 0x01020304) == "\x82\x80\1\2\3\4"sv);
  CHECK(header(65536, 0x01020304) == "\x82\xff\0\0\0\0\0\1\0\0\1\2\3\4"sv);
}

TEST_CASE("append_websocket_header: writes the fragments of RFC 6455") {
  std::string out;
  wire::append_websocket_header(out, WebSocketOp::text, 3, {}, false);
  CHECK(out == "\x01\x03"sv);
  out.clear();
  wire::append_websocket_header(out, WebSocketOp::continuation, 2);
  CHECK(out == "\x80\x02"sv);
}

TEST_CASE("websocket_mask: begins at the byte of the key that the offset names") {
  for (std::size_t offset = 0; offset < 9; ++offset)
    for (std::size_t size = 0; size < 150; ++size) {
      std::string bytes(size, '\0');
      wire::websocket_mask(bytes, 0x01020304, offset);
      for (std::size_t i = 0; i < size; ++i)
        REQUIRE(bytes[i] == static_cast<char>((offset + i) % 4 + 1));
    }
}

TEST_CASE("append_websocket_close: writes a code and what fits of the reason") {
  CHECK(close_of(1000, "") == "\x88\x02\x03\xe8"sv);
  CHECK(close_of(1009, "too big") == "\x88\x09\x03\xf1too big"sv);
  CHECK(close_of(1005, "not sent") == "\x88\x00"sv);
  CHECK(close_of(1006, "") == "\x88\x00"sv);
  CHECK(close_of(1000, "\xff") == "\x88\x02\x03\xe8"sv);
  CHECK(close_of(1000, std::string(200, 'r')) == "\x88\x7d\x03\xe8" + std::string(123, 'r'));
  // The euro sign would end at byte 125 of the reason.
  const std::string before(122, 'r');
  CHECK(close_of(1000, before + "\xe2\x82\xac") == "\x88\x7c\x03\xe8" + before);
}

TEST_CASE("websocket_close: reads code and reason, 1005 where there is none") {
  CHECK(wire::websocket_close("").code == 1005);
  const wire::WebSocketClose close = wire::websocket_close(
      "\x0f\xa0"
      "bye");
  CHECK(close.code == 4000);
  CHECK(close.reason == "bye");
}

TEST_CASE("close_code: names the peer's mistake") {
  CHECK(wire::close_code(Errc::malformed) == 1002);
  CHECK(wire::close_code(Errc::not_utf8) == 1007);
  CHECK(wire::close_code(Errc::too_large) == 1009);
  CHECK(wire::close_code(Errc::stopped) == 1001);
  CHECK(wire::close_code(Errc::refused) == 1008);
  CHECK(wire::close_code(Errc::busy) == 1013);
  CHECK(wire::close_code(std::make_error_code(std::errc::io_error)) == 1011);
}
