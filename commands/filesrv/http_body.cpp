// Chunks and their lines.
#include "commands/filesrv/http_body.hpp"

#include <algorithm>
#include <charconv>

namespace netkit::filesrv {
namespace {

/// The size and the extensions of a chunk; of a trailer all lines together.
constexpr std::size_t line_size_max = 4096;

Error refusal() {
  return {Errc::malformed, "read the chunks of a request"};
}

}  // namespace

Result<BodyPiece> BodyDecoder::next(std::span<const char> unread) {
  const std::string_view bytes{unread.data(), unread.size()};
  if (state_ != State::length && state_ != State::chunk) return next_line(bytes);
  BodyPiece piece;
  piece.bytes = bytes.substr(0, left_);
  piece.used = piece.bytes.size();
  left_ -= piece.used;
  if (left_ > 0) return piece;
  if (state_ == State::length)
    piece.ended = true;
  else
    state_ = State::chunk_end;
  return piece;
}

Result<BodyPiece> BodyDecoder::next_line(std::string_view unread) {
  const std::size_t end = unread.substr(0, line_size_max).find('\n');
  if (end == unread.npos) {
    if (unread.size() >= line_size_max) return Error{Errc::too_large, "read a chunk of a request"};
    return BodyPiece{};
  }
  if (end == 0 || unread[end - 1] != '\r') return refusal();
  const std::string_view line = unread.substr(0, end - 1);
  BodyPiece piece;
  piece.used = end + 1;
  if (state_ == State::size) {
    if (Status read = read_size(line); !read) return read.error();
  } else if (state_ == State::chunk_end) {
    if (!line.empty()) return refusal();
    state_ = State::size;
  } else {
    trailer_size_ += piece.used;
    if (trailer_size_ > line_size_max) return Error{Errc::too_large, "read a trailer"};
    piece.ended = line.empty();
  }
  return piece;
}

Status BodyDecoder::read_size(std::string_view line) {
  // What stands behind a semicolon means nothing here (RFC 9112, 7.1.1).
  std::string_view digits = line.substr(0, line.find(';'));
  digits = digits.substr(0, digits.find_last_not_of(" \t") + 1);
  const char* const end = digits.data() + digits.size();
  const auto [stopped, failed] = std::from_chars(digits.data(), end, left_, 16);
  if (failed != std::errc{} || stopped != end) return refusal();
  state_ = left_ == 0 ? State::trailer : State::chunk;
  return ok;
}

}  // namespace netkit::filesrv
