// Blocks of messages; one message never lies in two.
#include "commands/relay/lane.hpp"

#include <algorithm>
#include <cstring>

namespace netkit::relay {
namespace {

/// A quiet room has small ones, a busy one gets to the largest.
constexpr std::size_t block_size_min = 2 * 1024;
constexpr std::size_t block_size_max = 64 * 1024;

}  // namespace

void LaneBytes::append(std::string_view message) {
  if (blocks_.empty() || blocks_.back().capacity - blocks_.back().used < message.size()) {
    const std::size_t grown =
        blocks_.empty() ? block_size_min : std::min(blocks_.back().capacity * 2, block_size_max);
    const std::size_t capacity = std::max(grown, message.size());
    blocks_.push_back({.memory = std::make_shared_for_overwrite<char[]>(capacity),
                       .capacity = capacity,
                       .used = 0,
                       .first = next_,
                       .ends = {}});
    size_ += capacity;
  }
  Block& block = blocks_.back();
  std::memcpy(block.memory.get() + block.used, message.data(), message.size());
  block.used += message.size();
  block.ends.push_back(static_cast<std::uint32_t>(block.used));
  ++next_;
}

void LaneBytes::drop_before(std::uint64_t number) {
  while (!blocks_.empty() && blocks_.front().first + blocks_.front().ends.size() <= number) {
    size_ -= blocks_.front().capacity;
    blocks_.pop_front();
  }
  first_ = blocks_.empty() ? next_ : blocks_.front().first;
}

const LaneBytes::Block* LaneBytes::block_of(std::uint64_t number) const {
  if (number < first_ || number >= next_) return nullptr;
  // Most clients are at the end.
  if (number >= blocks_.back().first) return &blocks_.back();
  const auto after = std::upper_bound(
      blocks_.begin(), blocks_.end(), number,
      [](std::uint64_t wanted, const Block& block) { return wanted < block.first; });
  return &*std::prev(after);
}

Slice LaneBytes::slice(std::uint64_t number, std::size_t size_max) const {
  const Block* const block = block_of(number);
  if (!block) return {};
  const std::size_t at = number - block->first;
  const std::size_t begin = at == 0 ? 0 : block->ends[at - 1];
  auto last = block->ends.end();
  if (block->used - begin > size_max) {
    last = std::upper_bound(block->ends.begin() + static_cast<std::ptrdiff_t>(at),
                            block->ends.end(), begin + size_max);
    if (last == block->ends.begin() + static_cast<std::ptrdiff_t>(at)) ++last;
  }
  const auto count = static_cast<std::uint64_t>(last - block->ends.begin()) - at;
  return {.memory = block->memory,
          .bytes = {block->memory.get() + begin, *std::prev(last) - begin},
          .first = number,
          .count = count};
}

LaneBytes::Cut LaneBytes::cut(const Slice& slice, std::size_t at) const {
  const Block* const block = block_of(slice.first);
  // Dropped meanwhile: the whole slice is still in memory.
  if (!block || block->memory != slice.memory) return {slice.bytes.size(), slice.count};
  const std::size_t index = slice.first - block->first;
  const std::size_t begin = index == 0 ? 0 : block->ends[index - 1];
  const auto from = block->ends.begin() + static_cast<std::ptrdiff_t>(index);
  const auto end =
      std::upper_bound(from, from + static_cast<std::ptrdiff_t>(slice.count), begin + at);
  if (end == from + static_cast<std::ptrdiff_t>(slice.count))
    return {slice.bytes.size(), slice.count};
  return {*end - begin, static_cast<std::uint64_t>(end - from) + 1};
}

}  // namespace netkit::relay
