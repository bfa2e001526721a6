// Frames of a transfer out of a stream that comes in any pieces.
#include "transfer/pieces.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace netkit;
using namespace netkit::transfer;
using namespace std::string_literals;

namespace {

struct Heard {
  std::string data;
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint16_t> frames;
  bool failed = false;
  Errc code = Errc::stopped;
};

/// Shows `bytes` in steps of `step`.
Heard hear(std::string bytes, std::size_t step) {
  PieceDecoder decoder{1024};
  Heard heard;
  std::string kept;
  for (std::size_t at = 0; at < bytes.size() && !heard.failed; at += step) {
    kept += bytes.substr(at, step);
    for (;;) {
      auto decoded = decoder.next(kept);
      if (!decoded) {
        heard.failed = true;
        heard.code = static_cast<Errc>(decoded.error().code.value());
        break;
      }
      if (decoded->message && decoded->message->is_data()) {
        heard.offsets.push_back(decoded->message->offset);
        heard.data += decoded->message->frame.body;
        CHECK(decoded->message->frame.stream == 5);
      } else if (decoded->message) {
        heard.frames.push_back(decoded->message->frame.type);
      }
      kept.erase(0, decoded->used);
      if (decoded->used == 0) break;
    }
  }
  return heard;
}

std::string data_frame(std::uint64_t offset, std::string_view bytes) {
  std::string out;
  append_data_head(out, 5, offset, static_cast<std::uint32_t>(bytes.size()));
  return out.append(bytes);
}

std::string end_frame() {
  std::string out;
  append(out, 5, End{});
  return out;
}

}  // namespace

TEST_CASE("PieceDecoder: data is handed on as it comes, other frames whole, however it is cut") {
  const std::string bytes = data_frame(0, "hello") + end_frame() + data_frame(5, " world");
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    CAPTURE(step);
    const Heard heard = hear(bytes, step);
    CHECK_FALSE(heard.failed);
    CHECK(heard.data == "hello world");
    CHECK(heard.frames == std::vector<std::uint16_t>{frame_type::end});
    REQUIRE_FALSE(heard.offsets.empty());
    CHECK(heard.offsets.front() == 0);
  }
}

TEST_CASE("PieceDecoder: keeps nothing of data") {
  std::string head = data_frame(0, std::string(1000, 'x')).substr(0, data_head_size + 10);
  PieceDecoder decoder{64};
  auto decoded = decoder.next(head);
  REQUIRE(decoded);
  CHECK(decoded->used == data_head_size);
  std::span<char> rest{head.data() + data_head_size, 10};
  decoded = decoder.next(rest);
  REQUIRE(decoded);
  CHECK(decoded->used == 10);
}

TEST_CASE("PieceDecoder: refuses data that is empty, too large, across chunks or beyond a file") {
  const auto refused = [](std::uint64_t offset, std::uint32_t count) {
    std::string out;
    append_data_head(out, 5, offset, count);
    const Heard heard = hear(out, out.size());
    return heard.failed && heard.code == Errc::malformed;
  };
  CHECK(refused(0, 0));
  CHECK(refused(0, chunk_size + 1));
  CHECK(refused(1, chunk_size));
  CHECK(refused(chunk_size - 1, 2));
  CHECK(refused(UINT64_MAX, 1));
  CHECK(refused(std::uint64_t{1} << 63, 1));
  CHECK_FALSE(refused(chunk_size, chunk_size));
  CHECK_FALSE(refused(chunk_size - 1, 1));
}

TEST_CASE("PieceDecoder: other frames have their limit, magic and version theirs") {
  std::string large;
  append(large, 5, Text{std::string(2000, 'x')});
  CHECK(hear(large.substr(0, 16), 16).code == Errc::too_large);
  std::string wrong = data_frame(0, "x");
  wrong[0] = 'x';
  CHECK(hear(wrong, wrong.size()).code == Errc::malformed);
  wrong = data_frame(0, "x");
  wrong[3] = 2;
  CHECK(hear(wrong, wrong.size()).code == Errc::wrong_version);
}
