// The messages of a room as one dialect has them: encoded once, kept in a row, sent by slices. A
// client is a position in it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

namespace netkit::relay {

/// Messages that lie behind one another in memory, which stays while this does.
struct Slice {
  std::shared_ptr<const char[]> memory;
  std::string_view bytes;
  std::uint64_t first = 0;  ///< The number of its first message.
  std::uint64_t count = 0;  ///< Of messages, whole ones.

  bool empty() const { return count == 0; }
};

/// Numbered from `next` on without a hole. One thread at a time, but slices may be read meanwhile.
class LaneBytes {
 public:
  explicit LaneBytes(std::uint64_t next) : first_{next}, next_{next} {}

  void append(std::string_view message);
  /// Forgets those below `number`, as far as whole blocks go.
  void drop_before(std::uint64_t number);

  /// From that message on what lies in one block, at most `size_max` bytes but one message at
  /// least. Empty for a number that is not there.
  Slice slice(std::uint64_t number, std::size_t size_max) const;
  /// Where the message ends that the byte `at` of `slice` belongs to, counted from its beginning,
  /// and how many messages there are up to there.
  struct Cut {
    std::size_t size = 0;
    std::uint64_t count = 0;
  };
  Cut cut(const Slice& slice, std::size_t at) const;

  std::uint64_t first() const { return first_; }
  std::uint64_t next() const { return next_; }
  std::size_t size() const { return size_; }  ///< Of memory, in bytes.

 private:
  struct Block {
    std::shared_ptr<char[]> memory;
    std::size_t capacity = 0;
    std::size_t used = 0;
    std::uint64_t first = 0;
    std::vector<std::uint32_t> ends;  ///< Where each message ends.
  };
  const Block* block_of(std::uint64_t number) const;

  std::deque<Block> blocks_;
  std::uint64_t first_;
  std::uint64_t next_;
  std::size_t size_ = 0;
};

}  // namespace netkit::relay
