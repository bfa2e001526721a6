// A room as one turn of a worker sees it: each slice is cut once for all its members.
#include "commands/relay/room_view.hpp"

#include "commands/relay/hub.hpp"

namespace netkit::relay {

RoomView::RoomView(Hub& hub, std::shared_ptr<Room> room) : hub_{hub}, room_{std::move(room)} {
  const std::lock_guard held{hub_.mutex_};
  first_ = room_->first();
  next_ = room_->next();
}

const Slice& RoomView::slice(Lane lane, std::uint64_t number, std::size_t size_max) const {
  Found& found = found_[static_cast<std::size_t>(lane)];
  if (found.slice.empty() || found.slice.first != number || found.size_max != size_max) {
    const std::lock_guard held{hub_.mutex_};
    found = {room_->slice(lane, number, size_max), size_max};
  }
  return found.slice;
}

LaneBytes::Cut RoomView::cut(Lane lane, const Slice& slice, std::size_t at) const {
  const std::lock_guard held{hub_.mutex_};
  return room_->cut(lane, slice, at);
}

}  // namespace netkit::relay
