// Lines of UTF-8 text, as nc, telnet and a shell send them. Used by every server that speaks to
// people; it never looks at what a line says.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "base/utf8.hpp"
#include "wire/decoded.hpp"

namespace netkit::wire {

/// Cuts lines out of a byte stream: text up to LF, a CR before it stripped, an empty line included.
/// NUL and other control characters pass; a command decides about them.
/// Errors: too_large (text longer than the limit, LF and CR LF not counted, so at most limit + 2
/// bytes are ever waited for), not_utf8 (at the first impossible byte, the LF need not be there).
class LineDecoder {
 public:
  explicit LineDecoder(std::size_t line_size_max) noexcept : line_size_max_{line_size_max} {}

  Result<Decoded<std::string_view>> next(std::span<char> unread);

  /// The text that waits for its LF after next() asked for more, without a CR at its end; for the
  /// end of a stream and for a command word that is followed by silence. nullopt if there is none,
  /// if it ends inside a character, or if it is longer than the limit. `unread` is what next() was
  /// last shown. A caller that takes the text drops all of `unread` and calls restart(); an LF that
  /// comes later is then an empty line.
  std::optional<std::string_view> rest(std::span<const char> unread) const noexcept;

  /// Forgets the line that has begun.
  void restart() noexcept;

 private:
  std::size_t line_size_max_;
  std::size_t searched_ = 0;  ///< Bytes at the front known to hold no LF and already checked.
  Utf8Checker text_;
};

}  // namespace netkit::wire
