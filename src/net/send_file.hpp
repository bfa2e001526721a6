// Bytes of a file to a stream, by the shortest way there is: sendfile(2) where the stream is a
// plain socket, else read and written piece by piece through memory that the thread shares.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <span>

#include "base/result.hpp"
#include "net/stream.hpp"

namespace netkit::net {

struct FileSlice {
  int file = -1;
  std::uint64_t offset = 0;
  std::uint64_t count = 0;
};

/// Sends the slice; `memory` may be used by others during the waits. `went(count)` is called after
/// each piece. The bytes that were sent: fewer than asked for where the file ends before. Errors
/// are the stream's, or those of reading, whose attempt is "read the file".
asio::awaitable<Result<std::uint64_t>> send_file(Stream& stream, FileSlice slice,
                                                 std::span<char> memory,
                                                 std::function<void(std::size_t)> went);

}  // namespace netkit::net
