// A ticket's limits between their bytes and their values, in the one form that each has. ticket.cpp
// uses it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "identity/ticket.hpp"

namespace netkit::identity {

/// The limits sorted, without doubles, with path and network in their plain form. Errc::usage with
/// what is wrong in the hint.
Result<TicketLimits> normal_limits(const TicketLimits& limits);

/// The field list of limits that are normal.
std::string encode_limits(const TicketLimits& limits);

/// Normal limits, in the only bytes that encode_limits() gives for them: Errc::malformed;
/// Errc::refused for an unknown field.
Result<TicketLimits> decode_limits(std::string_view bytes);

}  // namespace netkit::identity
