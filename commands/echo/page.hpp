// What a browser gets from the ws port of an echo server.
#pragma once

#include <string_view>

namespace netkit::echo {

/// A self-contained page: type, see the echo and how long it took.
std::string_view page();

}  // namespace netkit::echo
