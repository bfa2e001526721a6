// Bytes that came and went over the streams of one thread. That thread counts, any may look.
#pragma once

#include <atomic>
#include <cstdint>

namespace netkit::net {

struct Traffic {
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> sent{0};

  /// Only one thread writes, so that no locked instruction is needed.
  static void add(std::atomic<std::uint64_t>& total, std::uint64_t count) {
    total.store(total.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
};

}  // namespace netkit::net
