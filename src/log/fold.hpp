// A count that stands for a hot event (echo's receive and send, 300,000 a second), so that logging
// it costs two adds. One per thread and event; never shared between threads.
#pragma once

#include <cstdint>
#include <string_view>

#include "log/logger.hpp"

namespace netkit::log {

/// The first event of a window is logged in full by the caller; the others become one line.
///
///     if (received_.add(size)) logger.info("receive", {{"bytes", size}, ...});
class Fold {
 public:
  /// True for the first event since the last flush: log it in full. The others are counted.
  bool add(std::uint64_t bytes) noexcept {
    if (seen_++ == 0) return true;
    bytes_ += bytes;
    return false;
  }

  /// Once a second: writes `NAME repeated=N bytes=M` for the N events, M bytes in all, that were
  /// counted and not logged in full; nothing for none. Starts a new window.
  void flush(Logger& logger, std::string_view name, Level level = Level::info) {
    if (seen_ > 1) logger.event(level, name, {{"repeated", seen_ - 1}, {"bytes", bytes_}});
    seen_ = bytes_ = 0;
  }

 private:
  std::uint64_t seen_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace netkit::log
