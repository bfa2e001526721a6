// Fuzzes what the file server's HTTP half reads besides heads: ranges, dates, conditions, digests,
// bodies; and what it writes of names. Input: a byte for the cuts, eight for a size, then a text.
#include "base/bytes.hpp"
#include "base/utf8.hpp"
#include "commands/filesrv/folder_page.hpp"
#include "commands/filesrv/http_body.hpp"
#include "commands/filesrv/http_range.hpp"
#include "commands/filesrv/http_validators.hpp"
#include "commands/filesrv/listing.hpp"
#include "commands/filesrv/tar_stream.hpp"
#include "commands/filesrv/text_words.hpp"
#include "tests/support/feed.hpp"
#include "wire/http_date.hpp"

using namespace netkit;
using namespace netkit::filesrv;

namespace {

void check_ranges(std::string_view text, std::uint64_t size) {
  const RangeAnswer answer = judge_range("bytes=" + std::string{text}, size);
  tests::demand(answer.ranges.empty() == (answer.extent != Extent::ranges), "ranges if any");
  tests::demand(answer.ranges.size() <= ranges_max, "so many at most");
  std::uint64_t left = size;
  for (const ByteRange& range : answer.ranges) {
    tests::demand(range.count > 0 && range.first < size, "a range is in the file");
    tests::demand(range.count <= size - range.first, "a range ends in the file");
    tests::demand(range.count <= left, "no more than the file in all");
    left -= range.count;
  }
}

void check_fields(std::string_view text, std::int64_t now_s) {
  if (const auto date = wire::parse_http_date(text, now_s))
    tests::demand(wire::parse_http_date(wire::http_date(*date), now_s) == date,
                  "dates are read back");
  const Validators current{"\"a\"", now_s, true};
  for (const std::string_view name :
       {"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"}) {
    wire::HttpFields fields;
    fields.add({name, text});
    judge_conditions(fields, true, &current, now_s);
    judge_conditions(fields, false, nullptr, now_s);
    static_cast<void>(range_holds(fields, current, now_s));
  }
  wire::HttpFields fields;
  fields.add({"Repr-Digest", text});
  const auto digest = digest_of(fields, "Repr-Digest");
  if (digest && *digest) tests::demand((*digest)->size() == 32, "a digest is one of SHA-256");
}

struct Body {
  std::string bytes;
  std::size_t used = 0;
  bool ended = false;
  bool failed = false;
};

Body read_body(std::string_view text, std::size_t step) {
  wire::HttpBody framing;
  framing.chunked = true;
  BodyDecoder decoder{framing};
  Body body;
  std::size_t shown = 0;
  while (!body.ended) {
    const auto piece =
        decoder.next(std::span{text.data() + body.used, std::min(shown, text.size()) - body.used});
    body.failed = !piece;
    if (!piece) break;
    body.bytes += piece->bytes;
    body.used += piece->used;
    body.ended = piece->ended;
    if (piece->used > 0) continue;
    if (shown >= text.size()) break;
    shown += step;
  }
  return body;
}

void check_names(std::string_view text) {
  Entry entry;
  entry.name = text.substr(0, 255);
  FolderView view;
  view.listing.entries.push_back(entry);
  const std::string page = folder_page(view);
  const std::string safe = escape_html(text);
  tests::demand(safe.find_first_of("<>\"'") == safe.npos, "no name ends its place");
  tests::demand(is_utf8(page) && is_utf8(folder_json(view)), "pages are UTF-8");
  transfer::Facts facts;
  facts.size = text.size();
  const std::string head = tar_head(text, facts);
  tests::demand(!head.empty() && head.size() % tar_block_size == 0, "heads are whole blocks");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 9) return 0;
  const auto* const bytes = reinterpret_cast<const char*>(data);
  const auto file_size = load_be<std::uint64_t>(bytes + 1);
  const std::string_view text{bytes + 9, size - 9};
  check_ranges(text, file_size);
  check_fields(text, static_cast<std::int64_t>(file_size % 253'402'300'800));
  const Body whole = read_body(text, text.size() + 1);
  const Body cut = read_body(text, data[0] % 7 + 1U);
  tests::demand(whole.failed == cut.failed && whole.ended == cut.ended, "cuts change no outcome");
  tests::demand(whole.failed || whole.bytes == cut.bytes, "cuts change no body");
  check_names(text);
  static_cast<void>(parse_words(text));
  static_cast<void>(order_of_query(text));
  return 0;
}
