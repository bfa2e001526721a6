// Fuzzes the sniffer: a decision never changes with more bytes, comes within the look-ahead, and
// fits what the dialect's decoder says. Input: a connection's first bytes.
#include "wire/sniff.hpp"

#include "tests/support/feed.hpp"
#include "wire/frame.hpp"
#include "wire/len64.hpp"

using namespace netkit;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  tests::demand(!wire::sniff(""), "nothing decides nothing");
  std::optional<wire::Dialect> decided;
  for (std::size_t shown = 1; shown <= size; ++shown) {
    // A copy of exactly that size, so that a sanitizer sees a look beyond it.
    const std::vector<char> prefix(bytes.begin(), bytes.begin() + static_cast<long>(shown));
    const auto dialect = wire::sniff({prefix.data(), prefix.size()});
    tests::demand(!decided || dialect == decided, "a decision stands");
    tests::demand(dialect || shown < wire::sniff_size_max, "the look-ahead is bounded");
    decided = dialect;
  }
  if (!decided) return 0;

  std::vector<char> whole(bytes.begin(), bytes.end());
  const auto frame = wire::FrameDecoder{0xffffffff}.next(whole);
  if (frame && frame->message) tests::demand(decided == wire::Dialect::frame, "a frame is one");
  const auto len64 = wire::Len64Decoder{~std::size_t{0}}.next(whole);
  if (len64 && len64->message) tests::demand(decided == wire::Dialect::len64, "a len64 is one");
  return 0;
}
