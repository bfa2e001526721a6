// Fuzzes the line decoder and the UTF-8 check beneath it, against a slow check written from the
// table of RFC 3629. Input: one byte for the cuts, one for the limit, then a byte stream.
#include "wire/line.hpp"

#include "base/utf8.hpp"
#include "tests/support/feed.hpp"

using namespace netkit;

namespace {

/// Decodes code points and looks at their values, unlike the check it judges.
bool is_utf8_slowly(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t size = lead < 0x80             ? 1
                             : (lead & 0xe0) == 0xc0 ? 2
                             : (lead & 0xf0) == 0xe0 ? 3
                             : (lead & 0xf8) == 0xf0 ? 4
                                                     : 0;
    if (size == 0 || text.size() - at < size) return false;
    std::uint32_t point = size == 1 ? lead : lead & (0x7fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
      const auto byte = static_cast<unsigned char>(text[at + i]);
      if ((byte & 0xc0) != 0x80) return false;
      point = point << 6 | (byte & 0x3f);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < smallest[size] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
      return false;
    at += size;
  }
  return true;
}

void check_utf8(std::string_view bytes, std::uint32_t seed) {
  tests::demand(is_utf8(bytes) == is_utf8_slowly(bytes), "both UTF-8 checks agree");
  Utf8Checker checker;
  tests::Cuts cuts{seed};
  bool valid = true;
  for (std::string_view left = bytes; !left.empty();) {
    const std::size_t size = std::min(cuts(), left.size());
    valid = checker.feed(left.substr(0, size));
    left.remove_prefix(size);
  }
  tests::demand((valid && checker.complete()) == is_utf8(bytes), "the cuts do not change UTF-8");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  const std::size_t limit = data[1];
  check_utf8(bytes, data[0]);

  const auto show = [limit](std::string_view line) {
    tests::demand(line.size() <= limit, "the limit holds");
    tests::demand(line.find('\n') == line.npos && is_utf8_slowly(line), "a line is one of UTF-8");
    return std::string{line};
  };
  const wire::LineDecoder decoder{limit};
  const tests::Fed fed = tests::feed_every_way(decoder, bytes, data[0], show);
  tests::demand(fed.error || fed.left.size() <= limit + 1, "no more is waited for than may come");

  std::string again;
  for (const std::string& line : fed.messages)
    again += line + "\r\n";
  tests::demand(tests::feed_every_way(decoder, again, data[0], show).messages == fed.messages,
                "decode(encode(x)) == x");

  wire::LineDecoder ended{limit};
  const tests::Fed last = tests::feed(ended, bytes, tests::Cuts{data[0]}, show);
  if (last.error) return 0;
  const auto rest = ended.rest(last.left);
  tests::demand(!rest || (rest->size() <= limit && is_utf8_slowly(*rest)), "a rest is a line");
  return 0;
}
