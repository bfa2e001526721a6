// The bytes that ping and bench send, made so that an answer can be told from any other.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "base/units.hpp"
#include "commands/echo/echo.hpp"

namespace netkit::echo {

/// `size` bytes of letters and digits that begin with `number`: any dialect can carry them, and two
/// numbers give two texts if there is room for the digits. No byte is a line
/// end.
std::string numbered_payload(std::uint64_t number, std::uint64_t size);

/// Errc::usage for a size that cannot be sent: nothing at all, or more than 16 MiB.
Status check_payload(Size size);

}  // namespace netkit::echo
