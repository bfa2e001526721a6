// The line decoder. What it remembers between calls are numbers, never bytes, so that the caller
// may move its buffer.
#include "wire/line.hpp"

#include <algorithm>

namespace netkit::wire {

Result<Decoded<std::string_view>> LineDecoder::next(std::span<char> unread) {
  const std::string_view bytes{unread.data(), unread.size()};
  // The bytes that can belong to this line: its text, and CR LF or LF. Nothing behind them is
  // looked at, so that the answer does not depend on how the bytes came.
  std::size_t window = bytes.size();
  if (bytes.size() > line_size_max_) {
    const bool ends_in_cr = bytes[line_size_max_] == '\r' && bytes.size() - line_size_max_ > 1;
    window = line_size_max_ + (ends_in_cr ? 2 : 1);
  }

  const std::string_view fresh = bytes.substr(0, window).substr(std::min(searched_, window));
  const std::size_t found = fresh.find('\n');
  if (!text_.feed(fresh.substr(0, found)) || (found != fresh.npos && !text_.complete()))
    return Error{Errc::not_utf8, "read a line"};
  if (found == fresh.npos) {
    searched_ = window;
    const bool may_end =
        window <= line_size_max_ || (window - line_size_max_ == 1 && bytes[line_size_max_] == '\r');
    if (!may_end) return Error{Errc::too_large, "read a line"};
    return Decoded<std::string_view>{};
  }

  const std::size_t size = searched_ + found;
  restart();
  const bool has_cr = size > 0 && bytes[size - 1] == '\r';
  return Decoded<std::string_view>{size + 1, bytes.substr(0, has_cr ? size - 1 : size)};
}

std::optional<std::string_view> LineDecoder::rest(std::span<const char> unread) const noexcept {
  if (unread.empty() || !text_.complete()) return std::nullopt;
  std::string_view text{unread.data(), unread.size()};
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() > line_size_max_) return std::nullopt;
  return text;
}

void LineDecoder::restart() noexcept {
  searched_ = 0;
  text_.reset();
}

}  // namespace netkit::wire
