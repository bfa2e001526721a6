// How each dialect words what a client is told. Pure: bytes in, bytes out. One object serves all
// clients of a dialect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "commands/relay/said.hpp"

namespace netkit::relay {

/// Dialects that a client may speak; each has a lane in the rooms where somebody speaks it.
enum class Lane : std::uint8_t { frame, line, len64, web };
inline constexpr std::size_t lane_count = 4;

class Tongue {
 public:
  virtual ~Tongue() = default;
  /// A room's message, or a direct one. The same bytes go to all who speak the dialect.
  virtual void append(std::string& out, const Said& said) const = 0;
  virtual void append(std::string& out, const Event& event) const = 0;
  /// Everything of its own up to `number` is as safe as --ack says. Nothing where the dialect has
  /// no numbers.
  virtual void append_ack(std::string& out, std::uint64_t number) const = 0;
  /// The answer to request `id`: a JSON object, which text dialects put as lines.
  virtual void append_answer(std::string& out, std::uint32_t id, std::string_view json) const = 0;
};

const Tongue& tongue_of(Lane lane);

}  // namespace netkit::relay
