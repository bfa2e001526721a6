// Every limit of the transfer layer in one place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace netkit::transfer {

/// What one hash covers, and what is sent again when a transfer goes on after a break.
inline constexpr std::uint32_t chunk_size = 1024 * 1024;
/// Body of one frame.
inline constexpr std::uint32_t frame_body_max = chunk_size + 64;
inline constexpr std::size_t path_size_max = 4095;
inline constexpr std::size_t name_size_max = 255;
/// Folders within folders.
inline constexpr unsigned depth_max = 64;
/// Of a file: offsets are signed in the kernel.
inline constexpr std::uint64_t file_size_max = INT64_MAX;

}  // namespace netkit::transfer
