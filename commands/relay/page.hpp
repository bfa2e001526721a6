// What a browser gets from a relay's port: a chat. Its script speaks the client protocol as JSON,
// with the address that it came from, and loads nothing from anywhere.
#pragma once

#include <string_view>

namespace netkit::relay {

/// A self-contained HTML document, UTF-8.
std::string_view page();

}  // namespace netkit::relay
