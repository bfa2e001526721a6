// A roster's entry as people and scripts read it: the line of `peer list`, the object of --json.
// Pure.
#pragma once

#include <string>

#include "base/json.hpp"
#include "commands/presence/roster.hpp"

namespace netkit::presence {

/// NAME, ADDRESS:PORT, STATE, SINCE (RFC 3339), with a tab between.
std::string list_line(const Entry& entry);

/// {"name","state","address","port","since","path","heard","key","instance","tags"}
JsonObject list_object(const Entry& entry);

}  // namespace netkit::presence
