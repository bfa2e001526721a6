// Writes a frame whose body is appended piece by piece: room for the header first, the header last.
// For messages of a few fields, which need no string of their own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wire/frame.hpp"

namespace netkit::wire {

/// From here to the end of its life, what is appended to `out` is the body.
class FrameWriter {
 public:
  FrameWriter(std::string& out, std::uint16_t type) : out_{out}, type_{type}, begin_{out.size()} {
    out_.append(frame_header_size, '\0');
  }
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;
  ~FrameWriter() {
    const std::string_view body = std::string_view{out_}.substr(begin_ + frame_header_size);
    const auto header = frame_header({.type = type_, .body = body});
    out_.replace(begin_, header.size(), header.data(), header.size());
  }

 private:
  std::string& out_;
  const std::uint16_t type_;
  const std::size_t begin_;
};

}  // namespace netkit::wire
