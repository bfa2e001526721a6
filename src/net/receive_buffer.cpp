// Moves unread bytes between the shared and the kept memory.
#include "net/receive_buffer.hpp"

#include <algorithm>
#include <functional>

namespace netkit::net {
namespace {

constexpr std::size_t kept_size_min = 512;
constexpr std::size_t read_size_min = 4096;

}  // namespace

std::span<char> ReceiveBuffer::room() {
  if (kept_.empty()) return shared_.subspan(end_);
  if (begin_ > 0) {
    std::copy(kept_.begin() + static_cast<std::ptrdiff_t>(begin_),
              kept_.begin() + static_cast<std::ptrdiff_t>(end_), kept_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  // Grows with what has come, never with what was announced.
  if (kept_.size() - end_ < read_size_min && kept_.size() < kept_size_max_)
    kept_.resize(std::min(kept_size_max_, std::max(kept_.size() * 2, end_ + read_size_min)));
  return {kept_.data() + end_, kept_.size() - end_};
}

void ReceiveBuffer::add(std::size_t count) {
  end_ += count;
}

std::span<char> ReceiveBuffer::unread() {
  char* const from = kept_.empty() ? shared_.data() : kept_.data();
  return {from + begin_, end_ - begin_};
}

bool ReceiveBuffer::holds(std::string_view view) const {
  const char* const from = kept_.empty() ? shared_.data() : kept_.data();
  const std::less_equal<const char*> not_after;
  return not_after(from, view.data()) && not_after(view.data() + view.size(), from + end_);
}

void ReceiveBuffer::keep() {
  if (empty()) {
    begin_ = end_ = 0;
    if (!kept_.empty()) std::string{}.swap(kept_);
    return;
  }
  if (!kept_.empty()) return;
  const std::span<char> tail = unread();
  kept_.resize(std::max(tail.size(), kept_size_min));
  std::copy(tail.begin(), tail.end(), kept_.begin());
  begin_ = 0;
  end_ = tail.size();
}

}  // namespace netkit::net
