// Headers of data frames are read here; all others by wire::FrameDecoder.
#include "transfer/pieces.hpp"

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "transfer/limits.hpp"

namespace netkit::transfer {
namespace {

constexpr std::size_t type_at = 4;
constexpr std::size_t stream_at = 8;
constexpr std::size_t length_at = 12;

bool is_data_header(std::span<const char> unread) {
  return unread.size() >= wire::frame_header_size &&
         load_be<std::uint16_t>(unread.data() + type_at) == frame_type::data;
}

}  // namespace

Result<wire::Decoded<Piece>> PieceDecoder::next(std::span<char> unread) {
  using Decoded = wire::Decoded<Piece>;
  if (left_ > 0) {
    const std::size_t count = std::min<std::size_t>(left_, unread.size());
    if (count == 0) return Decoded{};
    Piece piece{.frame = {.type = frame_type::data,
                          .stream = stream_,
                          .body = std::string_view{unread.data(), count}},
                .offset = offset_};
    offset_ += count;
    left_ -= static_cast<std::uint32_t>(count);
    return Decoded{.used = count, .message = piece};
  }
  if (is_data_header(unread)) {
    // Magic and version are checked as those of all frames are, with a length that passes.
    std::array<char, wire::frame_header_size> header;
    std::copy_n(unread.begin(), header.size(), header.begin());
    store_be(header.data() + length_at, std::uint32_t{0});
    if (const auto checked = whole_.next(header); !checked) return checked.error();
    return begin_data(unread);
  }
  const auto decoded = whole_.next(unread);
  if (!decoded) return decoded.error();
  Decoded made{.used = decoded->used, .message = {}};
  if (decoded->message) made.message = Piece{.frame = *decoded->message, .offset = 0};
  return made;
}

Result<wire::Decoded<Piece>> PieceDecoder::begin_data(std::span<char> unread) {
  using Decoded = wire::Decoded<Piece>;
  const std::uint32_t length = load_be<std::uint32_t>(unread.data() + length_at);
  if (length <= 8 || length - 8 > chunk_size) return Error{Errc::malformed, "read file data"};
  if (unread.size() < data_head_size) return Decoded{};
  const std::uint64_t offset = load_be<std::uint64_t>(unread.data() + wire::frame_header_size);
  const std::uint32_t count = length - 8;
  if (offset > file_size_max - count || offset % chunk_size + count > chunk_size)
    return Error{Errc::malformed, "read file data"};
  offset_ = offset;
  left_ = count;
  stream_ = load_be<std::uint32_t>(unread.data() + stream_at);
  return Decoded{.used = data_head_size, .message = {}};
}

}  // namespace netkit::transfer
