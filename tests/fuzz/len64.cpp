// Fuzzes the len64 codec: cuts, limit, and that encoded bodies are read back. Input: one byte for
// the cuts, one for the limit, then a byte stream.
#include "wire/len64.hpp"

#include "tests/support/feed.hpp"

using namespace netkit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  const wire::Len64Decoder decoder{data[1] * std::size_t{16}};
  const auto show = [](std::string_view body) { return std::string{body}; };
  const tests::Fed fed = tests::feed_every_way(decoder, bytes, data[0], show);

  std::string again;
  for (const std::string& message : fed.messages)
    wire::append_len64(again, message);
  tests::demand(tests::feed_every_way(decoder, again, data[0], show).messages == fed.messages,
                "decode(encode(x)) == x");
  return 0;
}
