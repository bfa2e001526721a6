// sendfile(2), or pread(2) and the stream's own way of writing.
#include "net/send_file.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

namespace netkit::net {
namespace {

/// What is read at a time where the kernel does not do it by itself: some TLS records.
constexpr std::size_t piece_size = 64 * 1024;
/// One call of the kernel takes no more: others of this thread wait meanwhile.
constexpr std::size_t kernel_piece_size = 1024 * 1024;

/// One attempt; Errc::mismatch at the end of the file. A write that would have waited is tried
/// again with the same bytes, or those that have come in their place: what TLS has sealed already
/// goes, whatever is shown to it.
Attempt try_send(Stream& stream, const FileSlice& slice, std::span<char> memory) {
  if (stream.sends_files())
    return stream.try_send_file(slice.file, slice.offset,
                                std::min<std::uint64_t>(slice.count, kernel_piece_size));
  const std::size_t wanted =
      std::min<std::uint64_t>(slice.count, std::min(memory.size(), piece_size));
  const ssize_t got = pread(slice.file, memory.data(), wanted, static_cast<off_t>(slice.offset));
  if (got < 0 && errno == EINTR) return {};
  if (got < 0) return {.count = 0, .failed = std::error_code{errno, std::generic_category()}};
  if (got == 0) return {.count = 0, .failed = Errc::mismatch};
  // TLS takes a record at a time: the rest of what was read is not to be read again for each.
  std::string_view left{memory.data(), static_cast<std::size_t>(got)};
  for (;;) {
    const Attempt attempt = stream.try_write(left);
    left.remove_prefix(attempt.count);
    const std::size_t sent = static_cast<std::size_t>(got) - left.size();
    // What failed for good fails again the next time.
    if (attempt.count == 0 || left.empty()) return sent > 0 ? Attempt{sent, {}} : attempt;
  }
}

}  // namespace

asio::awaitable<Result<std::uint64_t>> send_file(Stream& stream, FileSlice slice,
                                                 std::span<char> memory,
                                                 std::function<void(std::size_t)> went) {
  std::uint64_t sent = 0;
  while (slice.count > 0) {
    const Attempt attempt = try_send(stream, slice, memory);
    if (attempt.failed == Errc::mismatch) break;
    if (attempt.failed) co_return Error{attempt.failed};
    if (attempt.count == 0) {
      if (Status waited = co_await stream.writable(); !waited) co_return waited.error();
      continue;
    }
    sent += attempt.count;
    slice.offset += attempt.count;
    slice.count -= attempt.count;
    if (went) went(attempt.count);
  }
  co_return sent;
}

}  // namespace netkit::net
