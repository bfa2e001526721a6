// Fuzzes the frames of transfers: the cuts of a stream change nothing, data keeps to its chunk, and
// what is understood encodes to what was read. Input: one byte for the cuts, then a byte stream.
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"
#include "tests/support/feed.hpp"
#include "transfer/messages.hpp"
#include "transfer/pieces.hpp"

using namespace netkit;
using namespace netkit::transfer;

namespace {

constexpr std::uint32_t body_size_max = 4096;

/// A message that comes back from its own encoding.
template <typename Decoded>
void check_understood(const wire::Frame& frame, const Result<Decoded>& decoded) {
  if (!decoded) return;
  std::string again;
  std::visit([&](const auto& message) { append(again, frame.stream, message); }, *decoded);
  const wire::FrameDecoder decoder{2 * body_size_max};
  const auto frame_again = decoder.next(again);
  tests::demand(frame_again && frame_again->message, "what is written is a frame");
  tests::demand(frame_again->message->type == frame.type, "of the same type");
  tests::demand(frame_again->message->stream == frame.stream, "of the same stream");
  // Bits of a mode that mean nothing are dropped; everything else has one spelling.
  if (frame.type != frame_type::put && frame.type != frame_type::entry)
    tests::demand(frame_again->message->body == frame.body, "encode(decode(x)) == x");
}

std::string show(const Piece& piece) {
  const wire::Frame& frame = piece.frame;
  if (piece.is_data()) {
    tests::demand(!frame.body.empty(), "data is some bytes");
    tests::demand(piece.offset / chunk_size == (piece.offset + frame.body.size() - 1) / chunk_size,
                  "data keeps to its chunk");
    tests::demand(piece.offset <= file_size_max - frame.body.size(), "and to its file");
    std::string shown = "D";
    append_be(shown, frame.stream);
    append_be(shown, piece.offset);
    return shown.append(frame.body);
  }
  tests::demand(frame.body.size() <= body_size_max, "the limit holds");
  check_understood(frame, decode_request(frame));
  check_understood(frame, decode_answer(frame));
  check_understood(frame, decode_part(frame));
  std::string shown = "F";
  wire::append_frame(shown, frame);
  return shown;
}

/// Pieces of data that follow one another as one.
std::string joined(const tests::Fed& fed) {
  constexpr std::size_t head = 1 + 4 + 8;
  std::string all;
  std::uint64_t next = UINT64_MAX;
  for (const std::string& each : fed.messages) {
    const bool data = each.front() == 'D';
    const std::uint64_t offset = data ? load_be<std::uint64_t>(each.data() + 5) : UINT64_MAX;
    all += data && offset == next ? each.substr(head) : each;
    next = data ? offset + each.size() - head : UINT64_MAX;
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
  const tests::Fed whole = tests::feed(PieceDecoder{body_size_max}, bytes, bytes.size(), show);
  const tests::Fed single = tests::feed(PieceDecoder{body_size_max}, bytes, 1, show);
  PieceDecoder decoder{body_size_max};
  const tests::Fed cut = tests::feed(decoder, bytes, tests::Cuts{data[0]}, show);
  tests::demand(joined(whole) == joined(single), "the cuts do not change what is heard");
  tests::demand(joined(whole) == joined(cut), "no cuts do");
  tests::demand(whole.error == single.error && whole.error == cut.error, "nor the error");
  return 0;
}
