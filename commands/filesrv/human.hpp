// Files as people read of them: modes, times, what went wrong with which. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "transfer/root.hpp"

namespace netkit::filesrv {

/// "drwxr-xr-x".
std::string mode_text(const transfer::Facts& facts);
/// Mode, size, time (local, to the minute) and name.
std::string listing_line(const transfer::Facts& facts, std::string_view name);
/// `why` with the thing's name: "cannot VERB NAME: ...". The server never says the name.
Error told_of(std::string_view path, std::string_view verb, const Error& why);

}  // namespace netkit::filesrv
