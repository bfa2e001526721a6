// Bytes back to pairs of letters.
#include "cli/packed_text.hpp"

namespace netkit::cli {

std::string unpacked(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    const auto code = static_cast<std::uint8_t>(byte);
    if (code < 128)
      text += byte;
    else
      text += text_pairs.substr(std::size_t{2} * (code - 128U), 2);
  }
  return text;
}

}  // namespace netkit::cli
