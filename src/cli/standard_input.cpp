// Waits with Asio, reads with read(2).
#include "cli/standard_input.hpp"

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "net/spawn.hpp"

namespace netkit::cli {
namespace {

constexpr std::size_t piece_size = 64 * 1024;

}  // namespace

StandardInput::StandardInput(int descriptor, std::size_t line_size_max)
    : descriptor_{descriptor}, flags_{fcntl(descriptor, F_GETFL)}, line_size_max_{line_size_max} {}

void StandardInput::restore() const {
  if (flags_ >= 0) fcntl(descriptor_, F_SETFL, flags_);
}

asio::awaitable<Result<std::string>> StandardInput::line() {
  for (std::size_t searched = used_;;) {
    const std::size_t end = unread_.find('\n', searched);
    const bool whole = end != std::string::npos || (ended_ && unread_.size() > used_);
    const std::size_t size = std::min(end, unread_.size()) - used_;
    if (size > line_size_max_)
      co_return Error{Errc::too_large, "take line " + std::to_string(lines_ + 1),
                      "at most " + std::to_string(line_size_max_) + " bytes"};
    if (whole) {
      const std::size_t taken = end == std::string::npos ? size : size + 1;
      std::string line = unread_.substr(used_, taken);
      used_ += taken;
      ++lines_;
      co_return line;
    }
    if (ended_) co_return Errc::closed;
    unread_.erase(0, used_);
    used_ = 0;
    searched = unread_.size();
    Result<std::size_t> count = co_await read_piece();
    if (!count) co_return count.error();
    ended_ = *count == 0;
  }
}

asio::awaitable<Result<std::size_t>> StandardInput::read_piece() {
  // A regular file cannot be waited for and is always ready; epoll refuses it with EPERM.
  std::error_code failed;
  asio::posix::stream_descriptor waiting{co_await asio::this_coro::executor};
  waiting.assign(dup(descriptor_), failed);
  if (!failed) {
    co_await waiting.async_wait(asio::posix::stream_descriptor::wait_read, net::into(failed));
    restore();
  }
  const std::size_t before = unread_.size();
  unread_.resize(before + piece_size);
  const ssize_t count = read(descriptor_, unread_.data() + before, piece_size);
  unread_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count < 0) co_return errno_error("read standard input");
  co_return static_cast<std::size_t>(count);
}

}  // namespace netkit::cli
