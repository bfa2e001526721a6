// The frame lane is always there: the others are made out of it.
#include "commands/relay/room.hpp"

#include <algorithm>
#include <utility>

#include "commands/relay/client_protocol.hpp"
#include "wire/frame.hpp"

namespace netkit::relay {
namespace {

constexpr std::size_t index_of(Lane lane) {
  return static_cast<std::size_t>(lane);
}

}  // namespace

Room::Room(std::string name, RoomLimits limits, std::size_t workers)
    : name_{std::move(name)}, limits_{limits}, members_(workers), awaited_(workers, nobody) {
  lanes_[index_of(Lane::frame)].emplace(next_);
}

bool Room::has_members() const {
  return std::any_of(members_.begin(), members_.end(),
                     [](const auto& of_worker) { return !of_worker.empty(); });
}

void Room::append(const Said& said, Unsent unsent) {
  for (std::size_t i = 0; i < lane_count; ++i) {
    if (!lanes_[i]) continue;
    scratch_.clear();
    tongue_of(static_cast<Lane>(i)).append(scratch_, said);
    lanes_[i]->append(scratch_);
  }
  ids_.push_back(said.id);
  ++next_;
  trim(unsent == Unsent::goes ? next_ : awaited());
}

bool Room::has_way() {
  trim(awaited());
  in_the_way_ = is_too_much() && next_ - first_ > 1;
  return !in_the_way_;
}

std::uint64_t Room::awaited() const {
  return *std::min_element(awaited_.begin(), awaited_.end());
}

bool Room::is_too_much() const {
  if (next_ - first_ > limits_.messages_max) return true;
  return std::any_of(lanes_.begin(), lanes_.end(),
                     [&](const auto& lane) { return lane && lane->size() > limits_.bytes_max; });
}

/// The oldest below `end`, as many as are too much.
void Room::trim(std::uint64_t end) {
  while (next_ - first_ > 1 && first_ < end && is_too_much())
    drop_first();
}

void Room::drop_first() {
  const RecordId& id = ids_.front();
  std::uint64_t& last = dropped_[id.log];
  last = std::max(last, id.seq);
  ids_.pop_front();
  ++first_;
  for (auto& lane : lanes_)
    if (lane) lane->drop_before(first_);
}

std::size_t Room::size() const {
  std::size_t size = 0;
  for (const auto& lane : lanes_)
    if (lane) size += lane->size();
  return size;
}

void Room::drop_half() {
  for (std::uint64_t half = (next_ - first_ + 1) / 2; half > 0; --half)
    drop_first();
}

void Room::forget_all(Vector& dropped) const {
  const auto note = [&](LogId log, std::uint64_t seq) {
    std::uint64_t& last = dropped[log];
    last = std::max(last, seq);
  };
  for (const auto& [log, seq] : dropped_)
    note(log, seq);
  for (const RecordId& id : ids_)
    note(id.log, id.seq);
}

void Room::use(Lane lane) {
  std::optional<LaneBytes>& bytes = lanes_[index_of(lane)];
  if (bytes) return;
  bytes.emplace(first_);
  for (std::uint64_t number = first_; number < next_; ++number) {
    scratch_.clear();
    // Whatever is kept can be read again.
    if (const std::optional<Said> said = at(number)) tongue_of(lane).append(scratch_, *said);
    bytes->append(scratch_);
  }
}

Slice Room::slice(Lane lane, std::uint64_t number, std::size_t size_max) const {
  const std::optional<LaneBytes>& bytes = lanes_[index_of(lane)];
  return bytes && number >= first_ ? bytes->slice(number, size_max) : Slice{};
}

LaneBytes::Cut Room::cut(Lane lane, const Slice& slice, std::size_t at) const {
  const std::optional<LaneBytes>& bytes = lanes_[index_of(lane)];
  return bytes ? bytes->cut(slice, at) : LaneBytes::Cut{slice.bytes.size(), slice.count};
}

std::optional<Said> Room::at(std::uint64_t number) const {
  const Slice one = slice(Lane::frame, number, 1);
  if (one.empty()) return std::nullopt;
  wire::Frame frame;
  frame.type = frame_type::said;
  frame.body = one.bytes.substr(wire::frame_header_size);
  const Result<Said> said = decode_said(frame);
  return said ? std::optional{*said} : std::nullopt;
}

Room::Missed Room::missed(const Vector& seen) const {
  const auto covers = [&](const RecordId& id) {
    const auto found = seen.find(id.log);
    return found != seen.end() && id.seq <= found->second;
  };
  Missed missed;
  for (const auto& [log, seq] : dropped_)
    missed.lost = missed.lost || !covers({log, seq});
  std::uint64_t number = first_;
  auto id = ids_.begin();
  for (; id != ids_.end() && covers(*id); ++id)
    ++number;
  missed.from = number;
  for (; id != ids_.end(); ++id, ++number)
    if (covers(*id)) missed.skip.push_back(number);
  return missed;
}

}  // namespace netkit::relay
