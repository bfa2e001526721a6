// Randomness that nobody can predict, from the kernel. For keys, masks, tokens and jitter; pure
// parts get what they need as an argument instead.
#pragma once

#include <cstdint>
#include <span>

namespace netkit {

/// Fills `bytes` from getrandom(2). Ends the process if the kernel has none, which a booted
/// machine always has: going on with predictable keys would be worse.
void fill_random(std::span<char> bytes);

std::uint64_t random_u64();

}  // namespace netkit
