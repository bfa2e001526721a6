// A room during one flush on one thread: what was looked up for one client serves the next, as most
// are at the same place.
#pragma once

#include <array>
#include <memory>

#include "commands/relay/hub.hpp"

namespace netkit::relay {

class RoomView {
 public:
  RoomView(Hub& hub, std::shared_ptr<Room> room);

  Room& room() const { return *room_; }
  std::uint64_t first() const { return first_; }
  std::uint64_t next() const { return next_; }
  /// From that number on, at most `size_max` bytes but one message at least; holds until the next
  /// call.
  const Slice& slice(Lane lane, std::uint64_t number, std::size_t size_max) const;
  LaneBytes::Cut cut(Lane lane, const Slice& slice, std::size_t at) const;

 private:
  struct Found {
    Slice slice;
    std::size_t size_max = 0;
  };
  Hub& hub_;
  const std::shared_ptr<Room> room_;
  std::uint64_t first_ = 0;
  std::uint64_t next_ = 0;
  mutable std::array<Found, lane_count> found_;
};

}  // namespace netkit::relay
