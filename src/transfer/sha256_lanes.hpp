// SHA-256 (FIPS 180-4) of sixteen messages side by side, a lane of a vector each: where the
// processor has AVX-512, more than twice the rate of its instructions for a single message.
#pragma once

#include <array>
#include <cstddef>

namespace netkit::transfer {

inline constexpr std::size_t sha256_lanes = 16;

/// Whether this processor can.
bool has_sha256_lanes();

/// The hashes of sha256_lanes messages of `length` bytes each that lie one behind the other from
/// `messages` on. `length` is a multiple of 64. Not without has_sha256_lanes().
void hash_lanes(const char* messages, std::size_t length,
                std::array<std::array<char, 32>, sha256_lanes>& hashes);

}  // namespace netkit::transfer
