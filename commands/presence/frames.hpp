// Frames that are all here already: what a hall posts, a file of them, an answer that came whole.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "commands/presence/protocol.hpp"
#include "wire/frame.hpp"

namespace netkit::presence {

/// Calls `use` for each until it returns false. False if it did, or if something is left that is no
/// whole frame.
template <typename Use>
bool each_frame(std::string_view frames, Use&& use) {
  std::string bytes{frames};  // The decoder wants them to itself.
  const wire::FrameDecoder decoder{message_size_max};
  for (std::span<char> unread{bytes}; !unread.empty();) {
    const auto decoded = decoder.next(unread);
    if (!decoded || !decoded->message || !use(*decoded->message)) return false;
    unread = unread.subspan(decoded->used);
  }
  return true;
}

}  // namespace netkit::presence
