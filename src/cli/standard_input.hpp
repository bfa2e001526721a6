// stdin for programs in a pipe, line by line, without keeping the event loop from its work. For
// commands that send what they read; a terminal's line editing is not its business.
#pragma once

#include <asio/awaitable.hpp>
#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace netkit::cli {

class StandardInput {
 public:
  /// Errc::too_large, with the number of the line, for one beyond `line_size_max` bytes.
  explicit StandardInput(int descriptor, std::size_t line_size_max = SIZE_MAX);
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;
  ~StandardInput() { restore(); }

  /// The next line with its end; the last one may lack it. Errc::closed after the last.
  asio::awaitable<Result<std::string>> line();

 private:
  asio::awaitable<Result<std::size_t>> read_piece();
  /// Asio makes what it waits for non-blocking, and on a terminal that is the shell's input and our
  /// own output as well.
  void restore() const;

  const int descriptor_;
  const int flags_;
  const std::size_t line_size_max_;
  std::string unread_;
  std::size_t used_ = 0;  // Of unread_, by lines before.
  std::size_t lines_ = 0;
  bool ended_ = false;
};

}  // namespace netkit::cli
