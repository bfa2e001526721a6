// A room: its last messages, numbered, in each dialect that somebody there speaks. Pure; used by
// the hub, one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "commands/relay/lane.hpp"
#include "commands/relay/mesh.hpp"
#include "commands/relay/tongue.hpp"

namespace netkit::relay {

class Session;

struct RoomLimits {
  std::size_t messages_max = 10'000;
  std::size_t bytes_max = 8 * 1024 * 1024;  ///< Of each lane.
};

/// What becomes of too old messages that somebody here was not sent yet.
enum class Unsent : std::uint8_t { goes, stays };

class Room {
 public:
  Room(std::string name, RoomLimits limits, std::size_t workers);

  const std::string& name() const { return name_; }
  /// The numbers of what is kept: first() to next() - 1.
  std::uint64_t first() const { return first_; }
  std::uint64_t next() const { return next_; }
  bool empty() const { return first_ == next_; }

  /// In every lane in use; what is too old goes.
  void append(const Said& said, Unsent unsent = Unsent::goes);
  /// Whether one more message may come without one going that somebody was not sent.
  bool has_way();
  /// From now on somebody here speaks that: what is kept is put into it, too.
  void use(Lane lane);

  Slice slice(Lane lane, std::uint64_t number, std::size_t size_max) const;
  LaneBytes::Cut cut(Lane lane, const Slice& slice, std::size_t at) const;
  /// The message of that number; nullopt if it is not kept. Views end with the next append().
  std::optional<Said> at(std::uint64_t number) const;

  /// What is kept and not covered by `seen`: where it begins, and which of those after that are
  /// covered all the same. `lost`: something that is not covered is not kept any more.
  struct Missed {
    std::uint64_t from = 0;
    std::vector<std::uint64_t> skip;
    bool lost = false;
  };
  Missed missed(const Vector& seen) const;

  /// The clients of each worker that are here; only that worker's thread changes its list.
  std::vector<Session*>& members(std::size_t worker) { return members_[worker]; }
  bool has_members() const;
  /// Of memory, in bytes.
  std::size_t size() const;
  /// When something was said last, in the order of all rooms of a relay.
  std::uint64_t last_said() const { return last_said_; }
  void said_at(std::uint64_t moment) { last_said_ = moment; }
  /// The older half of what is kept goes.
  void drop_half();
  /// All of it is to go: notes in `dropped` what it was.
  void forget_all(Vector& dropped) const;
  /// A new one, though something may have been said in it before: up to there.
  void begin_behind(const Vector& dropped) { dropped_ = dropped; }
  /// The first number that some client of that worker was not sent, when it last looked; nobody for
  /// one without clients here.
  static constexpr std::uint64_t nobody = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t awaited(std::size_t worker) const { return awaited_[worker]; }
  void set_awaited(std::size_t worker, std::uint64_t number) { awaited_[worker] = number; }
  /// Somebody there is waited for with the next message.
  bool is_in_the_way() const { return in_the_way_; }

 private:
  bool is_too_much() const;
  void drop_first();
  void trim(std::uint64_t end);
  std::uint64_t awaited() const;

  const std::string name_;
  const RoomLimits limits_;
  std::uint64_t first_ = 1;
  std::uint64_t next_ = 1;
  std::deque<RecordId> ids_;
  Vector dropped_;  // The last of each log that is not kept any more.
  std::uint64_t last_said_ = 0;
  std::array<std::optional<LaneBytes>, lane_count> lanes_;
  std::string scratch_;
  std::vector<std::vector<Session*>> members_;
  std::vector<std::uint64_t> awaited_;
  bool in_the_way_ = false;
};

}  // namespace netkit::relay
