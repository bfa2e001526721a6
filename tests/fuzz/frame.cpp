// Fuzzes the frame codec: cuts, limit, and that frames encode to what was read. Input: one byte for
// the cuts, one for the limit, then a byte stream.
#include "wire/frame.hpp"

#include "tests/support/feed.hpp"

using namespace netkit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  const std::uint32_t limit = data[1] * std::uint32_t{16};
  const auto encode = [limit](const wire::Frame& frame) {
    tests::demand(frame.body.size() <= limit, "the limit holds");
    std::string out;
    wire::append_frame(out, frame);
    return out;
  };
  const tests::Fed fed = tests::feed_every_way(wire::FrameDecoder{limit}, bytes, data[0], encode);

  // A frame has one encoding, so what was decoded encodes to what was read.
  std::string again;
  for (const std::string& message : fed.messages)
    again += message;
  tests::demand(bytes.starts_with(again), "encode(decode(x)) == x");

  const std::size_t text = wire::text_before_frame(bytes);
  tests::demand(text <= bytes.size(), "text_before_frame <= size");
  tests::demand(bytes.substr(0, text).find(wire::frame_magic) == bytes.npos, "no frame skipped");
  return 0;
}
