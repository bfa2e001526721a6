// The frame codec, byte by byte: frames cut in every place, every field that may not be there, and
// lengths that are refused from the header alone.
#include "wire/frame.hpp"

#include <doctest/doctest.h>

#include "tests/support/feed.hpp"

using namespace netkit;
using namespace std::literals;
using wire::Frame;
using wire::FrameDecoder;

namespace {

// type 0x0102, flags 0x0304, stream 0x05060708, five bytes of body
constexpr std::string_view hello =
    "\xf7NK\x01\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x05hello"sv;
constexpr std::string_view empty = "\xf7NK\x01\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"sv;

std::string show(const Frame& frame) {
  return std::to_string(frame.type) + " " + std::to_string(frame.flags) + " " +
         std::to_string(frame.stream) + " " + std::string{frame.body};
}

std::error_code refusal_of(std::string_view bytes, std::uint32_t limit = 100) {
  return tests::feed_every_way(FrameDecoder{limit}, bytes, 1, show).error;
}

}  // namespace

TEST_CASE("FrameDecoder: reads every field, in pieces of every size") {
  const std::string stream = std::string{hello}.append(empty).append(hello);
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    const tests::Fed fed = tests::feed(FrameDecoder{5}, stream, size, show);
    CHECK(!fed.error);
    CHECK(fed.left.empty());
    CHECK(fed.messages ==
          std::vector<std::string>{"258 772 84281096 hello", "4 0 0 ", "258 772 84281096 hello"});
  }
}

TEST_CASE("FrameDecoder: asks for more at every offset of a cut-off frame") {
  for (std::size_t size = 0; size < hello.size(); ++size) {
    std::string bytes{hello.substr(0, size)};
    const auto answer = FrameDecoder{5}.next(bytes);
    REQUIRE(answer);
    CHECK(answer->used == 0);
    CHECK(!answer->message);
  }
}

TEST_CASE("FrameDecoder: the body is a view into the bytes shown") {
  std::string bytes{hello};
  const auto answer = FrameDecoder{5}.next(bytes);
  REQUIRE(answer);
  REQUIRE(answer->message);
  CHECK(answer->message->body.data() == bytes.data() + 16);
}

TEST_CASE("FrameDecoder: refuses an oversized length from its header alone") {
  const std::string header = "\xf7NK\x01" + std::string(8, '\0');
  CHECK(refusal_of(header + "\x00\x00\x00\x65"s) == Errc::too_large);
  CHECK(refusal_of(header + "\xff\xff\xff\xff") == Errc::too_large);
  CHECK(refusal_of(header + "\x00\x00\x00\x64"s) == std::error_code{});
  CHECK(refusal_of(header + "\xff\xff\xff\xff", 0xffffffff) == std::error_code{});
}

TEST_CASE("FrameDecoder: refuses a wrong magic at its first wrong byte") {
  CHECK(refusal_of("\xf6") == Errc::malformed);
  CHECK(refusal_of("\xf7n") == Errc::malformed);
  CHECK(refusal_of("\xf7Nk") == Errc::malformed);
  CHECK(refusal_of("GET / HTTP/1.1\r\n") == Errc::malformed);
  CHECK(refusal_of(std::string{hello} + "x") == Errc::malformed);
}

TEST_CASE("FrameDecoder: refuses every other version at its byte") {
  for (int version = 0; version < 256; ++version) {
    if (version == 1) continue;
    CHECK(refusal_of("\xf7NK" + std::string(1, static_cast<char>(version))) == Errc::wrong_version);
  }
}

TEST_CASE("append_frame: writes the table of the header, and frame_header its first 16 bytes") {
  const Frame frame{0x0102, 0x0304, 0x05060708, "hello"};
  std::string out = "kept";
  wire::append_frame(out, frame);
  CHECK(out == "kept" + std::string{hello});
  const auto header = wire::frame_header(frame);
  CHECK(std::string_view{header.data(), header.size()} == hello.substr(0, 16));
}

TEST_CASE("text_before_frame: leaves what can begin a frame") {
  CHECK(wire::text_before_frame("") == 0);
  CHECK(wire::text_before_frame("welcome\r\n") == 9);
  CHECK(wire::text_before_frame("welcome\r\n\xf7NK\x01") == 9);
  CHECK(wire::text_before_frame("hi\xf7") == 2);
  CHECK(wire::text_before_frame("hi\xf7N") == 2);
  CHECK(wire::text_before_frame("\xf7x\xf7N") == 2);
  CHECK(wire::text_before_frame("\xf7\xf7NK") == 1);
  CHECK(wire::text_before_frame("\xf7Nx") == 3);
}
