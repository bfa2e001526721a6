// Moves unread bytes between the shared and the kept memory.
#include "net/receive_buffer.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace netkit::net {

std::size_t ReceiveBuffer::lead() const {
  const std::size_t size = end_ - begin_;
  return size <= shared_.size() / 2 ? size : 0;
}

std::span<char> ReceiveBuffer::room() {
  if (kept_.empty() && begin_ > 0) {
    std::copy(shared_.begin() + static_cast<std::ptrdiff_t>(begin_),
              shared_.begin() + static_cast<std::ptrdiff_t>(end_), shared_.begin());
    end_ -= std::exchange(begin_, 0);
  }
  if (kept_.empty() && lead() < end_) keep();  // It outgrows the shared memory.
  const std::span<char> room = shared_.subspan(lead());
  const std::size_t left = kept_size_max_ - std::min(kept_size_max_, end_ - begin_);
  return empty() ? room : room.first(std::min(room.size(), left));
}

void ReceiveBuffer::add(std::size_t count) {
  if (kept_.empty()) {
    end_ += count;
    return;
  }
  // Each byte that arrives pays for the copy of at most one that was kept: the work stays linear
  // however small the pieces are.
  const std::span<char> kept = unread();
  if (lead() == kept.size() && count >= kept.size()) {
    std::copy(kept.begin(), kept.end(), shared_.begin());
    end_ = kept.size() + count;
    std::string{}.swap(kept_);
  } else {
    append({shared_.data() + lead(), count});
  }
  begin_ = 0;
}

// Grows with what has come, never with what was announced.
void ReceiveBuffer::append(std::string_view bytes) {
  kept_.erase(0, begin_);
  const std::size_t wanted = kept_.size() + bytes.size();
  if (wanted > kept_.capacity())
    kept_.reserve(std::max(wanted, std::min(2 * kept_.capacity(), kept_size_max_)));
  kept_.append(bytes);
  end_ = kept_.size();
}

bool ReceiveBuffer::holds(std::string_view view) const {
  const char* const from = kept_.empty() ? shared_.data() : kept_.data();
  const std::less_equal<const char*> not_after;
  return not_after(from, view.data()) && not_after(view.data() + view.size(), from + end_);
}

void ReceiveBuffer::keep() {
  if (!empty() && !kept_.empty() && begin_ == 0) return;
  // A new string: the old one may have grown for a large message.
  const std::span<const char> tail = unread();
  if (!tail.empty())
    kept_ = std::string{tail.data(), tail.size()};
  else if (!kept_.empty())
    std::string{}.swap(kept_);
  begin_ = 0;
  end_ = tail.size();
}

}  // namespace netkit::net
