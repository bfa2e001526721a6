// The WebSocket decoder: the examples of RFC 6455, section 5.7, as literals, then every rule of
// section 5 by the bytes that break it.
#include "wire/websocket.hpp"

#include <doctest/doctest.h>
#include <utility>

#include "tests/support/feed.hpp"

using namespace netkit;
using namespace std::literals;
using wire::WebSocketDecoder;
using wire::WebSocketMessage;
using wire::WebSocketOp;
using wire::WebSocketRole;

namespace {

// RFC 6455, 5.7
constexpr std::string_view hello = "\x81\x05Hello"sv;
constexpr std::string_view hello_masked = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"sv;
constexpr std::string_view hello_fragments = "\x01\x03Hel\x80\x02lo"sv;
constexpr std::string_view ping = "\x89\x05Hello"sv;
constexpr std::string_view pong_masked = "\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"sv;

constexpr std::string_view zero_key = "\0\0\0\0"sv;

std::string show(const WebSocketMessage& message) {
  switch (message.op) {
    case WebSocketOp::text: return "text " + std::string{message.body};
    case WebSocketOp::binary: return "binary " + std::string{message.body};
    case WebSocketOp::close: return "close " + std::string{message.body};
    case WebSocketOp::ping: return "ping " + std::string{message.body};
    case WebSocketOp::pong: return "pong " + std::string{message.body};
    case WebSocketOp::continuation: break;
  }
  return "never";
}

tests::Fed at_client(std::string_view bytes, std::size_t limit = 1000) {
  return tests::feed_every_way(WebSocketDecoder{WebSocketRole::client, limit}, bytes, 1, show);
}

tests::Fed at_server(std::string_view bytes, std::size_t limit = 1000) {
  return tests::feed_every_way(WebSocketDecoder{WebSocketRole::server, limit}, bytes, 1, show);
}

using Messages = std::vector<std::string>;

}  // namespace

TEST_CASE("WebSocketDecoder: reads the examples of RFC 6455") {
  CHECK(at_client(hello).messages == Messages{"text Hello"});
  CHECK(at_server(hello_masked).messages == Messages{"text Hello"});
  CHECK(at_client(hello_fragments).messages == Messages{"text Hello"});
  CHECK(at_client(ping).messages == Messages{"ping Hello"});
  CHECK(at_server(pong_masked).messages == Messages{"pong Hello"});
  const std::string of_256(256, '\xaa');
  CHECK(at_client("\x82\x7e\x01\x00"s + of_256).messages == Messages{"binary " + of_256});
  const std::string of_64_kib(65536, '\xaa');
  const std::string stream = "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s + of_64_kib;
  for (const std::size_t size : {1000u, 1460u, 65546u})
    CHECK(
        tests::feed(WebSocketDecoder{WebSocketRole::client, 65536}, stream, size, show).messages ==
        Messages{"binary " + of_64_kib});
}

TEST_CASE("WebSocketDecoder: reads a stream in pieces of every size") {
  const std::string stream = std::string{hello_masked}
                                 .append(pong_masked)
                                 .append("\x01\x82\0\0\0\0\xe2\x82"s)
                                 .append(pong_masked)
                                 .append("\x00\x80\0\0\0\0"s)
                                 .append("\x80\x81\0\0\0\0\xac"s)
                                 .append("\x82\x80\x37\xfa\x21\x3d")
                                 .append("\x88\x82\0\0\0\0\x03\xe8"s);
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    const tests::Fed fed =
        tests::feed(WebSocketDecoder{WebSocketRole::server, 5}, stream, size, show);
    CHECK(!fed.error);
    CHECK(fed.left.empty());
    CHECK(fed.messages == Messages{"text Hello", "pong Hello", "pong Hello", "text \xe2\x82\xac",
                                   "binary ", "close \x03\xe8"});
  }
}

TEST_CASE("WebSocketDecoder: asks for more at every offset of a cut-off frame") {
  for (std::size_t size = 0; size < hello_masked.size(); ++size) {
    const tests::Fed fed = at_server(hello_masked.substr(0, size));
    CHECK(!fed.error);
    CHECK(fed.messages.empty());
    CHECK(fed.left.size() == size);
  }
}

TEST_CASE("WebSocketDecoder: a message of one frame is a view into the bytes shown") {
  std::string bytes{hello_masked};
  WebSocketDecoder decoder{WebSocketRole::server, 5};
  const auto answer = decoder.next(bytes);
  REQUIRE(answer);
  REQUIRE(answer->message);
  CHECK(answer->used == bytes.size());
  CHECK(answer->message->body.data() == bytes.data() + 6);
  CHECK(answer->message->body == "Hello");
}

TEST_CASE("WebSocketDecoder: unmasks each size at each alignment, cut anywhere") {
  for (std::size_t size = 0; size < 200; ++size) {
    std::string payload;
    for (std::size_t i = 0; i < size; ++i)
      payload.push_back(static_cast<char>(i * 7 + 1));
    std::string frame = size < 126 ? "\x82"s + static_cast<char>(0x80 | size)
                                   : "\x82\xfe\x00"s + static_cast<char>(size);
    frame += "\x37\xfa\x21\x3d";
    constexpr unsigned char key[] = {0x37, 0xfa, 0x21, 0x3d};
    for (std::size_t i = 0; i < size; ++i)
      frame.push_back(static_cast<char>(static_cast<unsigned char>(payload[i]) ^ key[i % 4]));
    for (const std::size_t piece : {1u, 3u, 5u, 17u, 64u, 300u})
      CHECK(
          tests::feed(WebSocketDecoder{WebSocketRole::server, 200}, frame, piece, show).messages ==
          Messages{"binary " + payload});
    for (std::size_t alignment = 0; alignment < 16; ++alignment) {
      std::string buffer = std::string(alignment, '.') + frame;
      WebSocketDecoder decoder{WebSocketRole::server, 200};
      const auto answer = decoder.next(std::span{buffer}.subspan(alignment));
      REQUIRE(answer);
      REQUIRE(answer->message);
      CHECK(answer->message->body == payload);
    }
  }
}

// A frame that is there as a whole may be read in a shorter way; one that lacks a byte is not.
TEST_CASE("WebSocketDecoder: any two bytes begin the same, whole or byte by byte") {
  const std::string rest = "\x00\x7e\x00\x00\x00\x00"s + std::string(126, 'x');
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      const std::string bytes =
          std::string{static_cast<char>(first), static_cast<char>(second)} + rest;
      CAPTURE(bytes.substr(0, 2));
      CHECK_NOTHROW(at_server(bytes, 200));
    }
  }
}

TEST_CASE("WebSocketDecoder: a whole message is read alike, cut at every offset or not") {
  const std::string body_of_126(126, 'y');
  const std::string stream = std::string{hello_masked}
                                 .append("\x82\x82\x01\x02\x03\x04\x01\x02"s)
                                 .append("\x81\xfe\x00\x7e\0\0\0\0"s + body_of_126)
                                 .append("\x81\x83\0\0\0\0\xe2\x82\xac"s);
  const Messages expected{"text Hello", "binary \0\0"s, "text " + body_of_126, "text \xe2\x82\xac"};
  for (std::size_t cut = 1; cut <= stream.size(); ++cut) {
    bool first = true;
    WebSocketDecoder decoder{WebSocketRole::server, 126};
    const auto size = [&] { return std::exchange(first, false) ? cut : stream.size(); };
    const tests::Fed fed = tests::feed(decoder, stream, size, show);
    CAPTURE(cut);
    CHECK(!fed.error);
    CHECK((fed.messages == expected));
  }
  for (const std::string& refused : {"\x81\x83\0\0\0\0\xe2\x82\x41"s, "\x81\x82\0\0\0\0\xe2\x82"s})
    CHECK(at_server(refused + "\x82\x80\0\0\0\0"s).error == Errc::not_utf8);
}

TEST_CASE("WebSocketDecoder: unmasks and checks long texts, whatever the processor") {
  for (std::size_t size = 500; size < 700; ++size) {
    std::string text(size, 'a');
    std::string frame = "\x81\xfe"s + static_cast<char>(size >> 8) +
                        static_cast<char>(size & 0xff) + "\x01\x02\x03\x04"s;
    for (std::size_t i = 0; i < size; ++i)
      frame.push_back(static_cast<char>(text[i] ^ static_cast<char>(1 + i % 4)));
    std::string shown = frame;
    WebSocketDecoder decoder{WebSocketRole::server, 1000};
    const auto answer = decoder.next(shown);
    REQUIRE(answer);
    REQUIRE(answer->message);
    CHECK((answer->message->body == text));
    // One bad byte, at each place in turn over the sizes, must be seen.
    char& bad = frame[8 + (size - 500) * 37 % size];
    bad = static_cast<char>(bad ^ 0x80);
    WebSocketDecoder strict{WebSocketRole::server, 1000};
    CHECK(strict.next(frame).error().code == Errc::not_utf8);
  }
}

TEST_CASE("WebSocketDecoder: each role demands its masking, at the second byte") {
  CHECK(at_server("\x81\x05").error == Errc::malformed);
  CHECK(at_client("\x81\x85").error == Errc::malformed);
}

TEST_CASE("WebSocketDecoder: refuses reserved bits and opcodes at the first byte") {
  for (int first = 0; first < 256; ++first) {
    const int op = first & 0x0f;
    const bool is_data = op == 1 || op == 2;
    const bool is_whole_control = (op == 8 || op == 9 || op == 10) && (first & 0x80) != 0;
    const bool valid = (first & 0x70) == 0 && (is_data || is_whole_control);
    CAPTURE(first);
    CHECK(at_client(std::string(1, static_cast<char>(first))).error ==
          (valid ? std::error_code{} : make_error_code(Errc::malformed)));
  }
}

TEST_CASE("WebSocketDecoder: control frames are whole and of at most 125 bytes") {
  const std::string body(125, 'p');
  CHECK(at_client("\x89\x7d" + body, 0).messages == Messages{"ping " + body});
  CHECK(at_client("\x89\x7e").error == Errc::malformed);
  CHECK(at_client("\x89\x7f").error == Errc::malformed);
  CHECK(at_client("\x09").error == Errc::malformed);
}

TEST_CASE("WebSocketDecoder: fragments follow one another, with control frames alone between") {
  CHECK(at_client("\x01\x03Hel\x89\x01p\x80\x02lo").messages == Messages{"ping p", "text Hello"});
  CHECK(at_client("\x80").error == Errc::malformed);
  CHECK(at_client("\x00"s).error == Errc::malformed);
  CHECK(at_client("\x01\x03Hel\x81").error == Errc::malformed);
  CHECK(at_client("\x01\x03Hel\x02").error == Errc::malformed);
  CHECK(at_client("\x01\x03Hel\x80\x02lo\x80").error == Errc::malformed);
  CHECK(at_client("\x02\x00\x00\x00\x80\x00\x81\x01x"s).messages == Messages{"binary ", "text x"});
}

TEST_CASE("WebSocketDecoder: demands the shortest form of a length") {
  CHECK(at_client("\x82\x7e\x00\x7d"s).error == Errc::malformed);
  CHECK(at_client("\x82\x7e\x00\x7e"s).error == std::error_code{});
  CHECK(at_client("\x82\x7f\0\0\0\0\0\0\xff\xff"s, ~std::size_t{0}).error == Errc::malformed);
  CHECK(at_client("\x82\x7f\0\0\0\0\0\1\0\0"s, ~std::size_t{0}).error == std::error_code{});
}

TEST_CASE("WebSocketDecoder: refuses an oversized message from its header alone") {
  CHECK(at_client("\x82\x06", 5).error == Errc::too_large);
  CHECK(at_client("\x82\x05", 5).error == std::error_code{});
  CHECK(at_client("\x82\x7e\x03\xe9").error == Errc::too_large);
  CHECK(at_client("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff").error == Errc::too_large);
  CHECK(at_client("\x82\x7f\x80\0\0\0\0\0\0\0"s).error == Errc::too_large);
  CHECK(at_client("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff").error == Errc::too_large);
  CHECK(at_server("\x82\xff\x80\0\0\0\0\0\0\0"s).error == Errc::too_large);
}

TEST_CASE("WebSocketDecoder: the limit holds for the sum of fragments") {
  CHECK(at_client("\x02\x03"
                  "abc"
                  "\x80\x02"
                  "de",
                  5)
            .messages == Messages{"binary abcde"});
  CHECK(at_client("\x02\x03"
                  "abc"
                  "\x80\x03",
                  5)
            .error == Errc::too_large);
  CHECK(at_client("\x02\x03"
                  "abc"
                  "\x00\x02"
                  "de"
                  "\x80\x01"s,
                  5)
            .error == Errc::too_large);
  CHECK(at_client("\x02\x03"
                  "abc"
                  "\x80\x02"
                  "de"
                  "\x82\x05"
                  "abcde",
                  5)
            .messages == Messages{"binary abcde", "binary abcde"});
}

TEST_CASE("WebSocketDecoder: refuses a text at its first impossible byte") {
  CHECK(at_client("\x81\x7e\x03\xe8good\xff").error == Errc::not_utf8);
  CHECK(at_client("\x81\x7e\x03\xe8\xed\xa0").error == Errc::not_utf8);
  const std::string masked = "\x81\xfe\x03\xe8" + std::string{zero_key};
  CHECK(at_server(masked + "good\xff").error == Errc::not_utf8);
  CHECK(at_server(masked + "good\xc3").error == std::error_code{});
  CHECK(at_client("\x01\x02\xe2\x82\x00\x01"s
                  "a")
            .error == Errc::not_utf8);
  CHECK(at_client("\x82\x02\xff\xfe").messages == Messages{"binary \xff\xfe"});
  CHECK(at_client("\x02\x01\xff\x80\x01\xfe").messages == Messages{"binary \xff\xfe"});
}

TEST_CASE("WebSocketDecoder: a text ends with a whole character, a fragment need not") {
  CHECK(at_client("\x81\x02\xe2\x82").error == Errc::not_utf8);
  CHECK(at_server("\x81\x82" + std::string{zero_key} + "\xe2\x82").error == Errc::not_utf8);
  CHECK(at_client("\x01\x02\xe2\x82\x80\x01\xac").messages == Messages{"text \xe2\x82\xac"});
  CHECK(at_client("\x01\x02\xe2\x82\x80\x00"s).error == Errc::not_utf8);
  // An ASCII fragment does not hide that a character before it was cut off.
  const std::string key{zero_key};
  const std::string begun = "\x01\x81" + key + "\xe2" + "\x00\x81"s + key + "a";
  CHECK(at_server(begun).error == Errc::not_utf8);
  CHECK(at_server(begun + "\x80\x82" + key + "\x82\xac").messages.empty());
}

TEST_CASE("WebSocketDecoder: validates a close") {
  CHECK(at_client("\x88\x00"s).messages == Messages{"close "});
  CHECK(at_client("\x88\x05\x03\xe8"
                  "bye")
            .messages == Messages{"close \x03\xe8"
                                  "bye"});
  CHECK(at_client("\x88\x01").error == Errc::malformed);
  CHECK(at_client("\x88\x03\x03\xe8\xff").error == Errc::not_utf8);
  CHECK(at_client("\x88\x03\x03\xe8\xc3").error == Errc::not_utf8);
  for (unsigned code = 0; code < 65536; ++code) {
    const bool valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                       (code >= 3000 && code <= 4999);
    std::string bytes = "\x88\x02"s + static_cast<char>(code >> 8) + static_cast<char>(code);
    WebSocketDecoder decoder{WebSocketRole::client, 0};
    const auto answer = decoder.next(bytes);
    REQUIRE(static_cast<bool>(answer) == valid);
    REQUIRE(wire::is_close_code(static_cast<std::uint16_t>(code)) == valid);
  }
}

TEST_CASE("WebSocketDecoder: drops what follows a close") {
  const tests::Fed fed = at_client("\x88\x00\x81\x05Hello\xff\xff"s);
  CHECK(fed.messages == Messages{"close "});
  CHECK(!fed.error);
  CHECK(fed.left.empty());
}

TEST_CASE("WebSocketDecoder: an error is final") {
  WebSocketDecoder decoder{WebSocketRole::client, 100};
  std::string bad = "\x81\x01\xff";
  std::string good{hello};
  CHECK(decoder.next(bad).error().code == Errc::not_utf8);
  CHECK(decoder.next(good).error().code == Errc::not_utf8);
}

TEST_CASE("WebSocketDecoder: unmasks each byte once, however they come") {
  // 2 MiB of text in pieces of 256 bytes: starting over each time would take 2^33 steps, and
  // unmasking twice would change the bytes.
  const std::string text(std::size_t{2} << 20, 'x');
  std::string bytes;
  wire::append_websocket(bytes, WebSocketOp::text, text, 0xdeadbeef);
  WebSocketDecoder decoder{WebSocketRole::server, text.size()};
  for (std::size_t shown = 1; shown < bytes.size(); shown += 256) {
    const auto answer = decoder.next(std::span<char>{bytes.data(), shown});
    REQUIRE(static_cast<bool>(answer));
    REQUIRE(answer->used == 0);
  }
  const auto answer = decoder.next(bytes);
  REQUIRE(answer);
  REQUIRE(answer->message);
  CHECK(answer->message->body == text);
}
