// A tree as a tar archive, the heads and fillings of it: ustar, with pax records (POSIX.1-2001) for
// what that cannot say. Bytes in, bytes out; what is read and sent is the caller's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "transfer/root.hpp"

namespace netkit::filesrv {

inline constexpr std::uint64_t tar_block_size = 512;

/// The head of one member: a file, whose bytes and tar_padding() follow, or a folder. `path` is
/// what it is to be called, bytes between slashes; owner and group are left out.
std::string tar_head(std::string_view path, const transfer::Facts& facts);

/// Zeros behind the bytes of a file of that size.
inline std::uint64_t tar_padding(std::uint64_t size) {
  return (tar_block_size - size % tar_block_size) % tar_block_size;
}

/// Two blocks of zeros.
inline constexpr std::uint64_t tar_end_size = 2 * tar_block_size;

}  // namespace netkit::filesrv
