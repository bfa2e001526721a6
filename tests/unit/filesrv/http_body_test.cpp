// Tests of request bodies: of known length and in chunks, whole, cut anywhere, and broken.
#include "commands/filesrv/http_body.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace netkit;
using namespace netkit::filesrv;

namespace {

struct Read {
  std::string body;
  std::string rest;
  bool ended = false;
  bool failed = false;
};

/// Shows `bytes` so many more at a time.
Read read(const wire::HttpBody& framing, std::string_view bytes, std::size_t step) {
  BodyDecoder decoder{framing};
  Read result;
  std::string unread;
  while (!result.ended) {
    const Result<BodyPiece> piece = decoder.next(unread);
    if (!piece) {
      result.failed = true;
      return result;
    }
    result.body += piece->bytes;
    result.ended = piece->ended;
    unread.erase(0, piece->used);
    if (piece->used > 0 || result.ended) continue;
    if (bytes.empty()) break;
    unread += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  result.rest = unread + std::string{bytes};
  return result;
}

wire::HttpBody of_length(std::uint64_t length) {
  wire::HttpBody body;
  body.content_length = length;
  return body;
}

wire::HttpBody chunked() {
  wire::HttpBody body;
  body.chunked = true;
  return body;
}

}  // namespace

TEST_CASE("BodyDecoder: takes as many bytes as were announced") {
  for (const std::size_t step : {1, 2, 3, 100}) {
    const Read got = read(of_length(5), "helloGET /", step);
    CHECK(got.ended);
    CHECK(got.body == "hello");
    CHECK(got.rest == "GET /");
  }
  CHECK(read(of_length(0), "GET /", 100).ended);
  CHECK(read({}, "GET /", 100).rest == "GET /");
  CHECK_FALSE(read(of_length(6), "hello", 100).ended);
  CHECK_FALSE(read(of_length(UINT64_MAX), "hello", 100).ended);
}

TEST_CASE("BodyDecoder: puts chunks together however they come") {
  constexpr std::string_view text =
      "5\r\nhello\r\n00a;name=\"v\"\r\n, my world\r\n0\r\nTrailer: x\r\n\r\nGET /";
  for (std::size_t step = 1; step < 20; ++step) {
    const Read got = read(chunked(), text, step);
    CHECK(got.ended);
    CHECK(got.body == "hello, my world");
    CHECK(got.rest == "GET /");
  }
  for (std::size_t size = 0; size < text.size() - 5; ++size) {
    const Read got = read(chunked(), text.substr(0, size), 7);
    CHECK_FALSE(got.ended);
    CHECK_FALSE(got.failed);
  }
}

TEST_CASE("BodyDecoder: refuses what could be read in two ways") {
  for (const std::string_view bad :
       {"\r\n", "x\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "5\nhello", "1\r\nab\r\n",
        "1\r\na\n", "10000000000000000\r\n", "5;a\n\r\n", "0\r\nTrailer\n\r\n"})
    CHECK(read(chunked(), bad, 100).failed);
  CHECK(read(chunked(), std::string(5000, '0'), 100).failed);
  CHECK(read(chunked(), "0\r\n" + std::string(5000, 'a'), 100).failed);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 1000; ++i)
    trailers += "Trailer: x\r\n";
  CHECK(read(chunked(), trailers + "\r\n", 100).failed);
}
