// What a file is said to be, by the end of its name alone. Used by the file server's HTTP half,
// which forbids browsers to guess.
#pragma once

#include <string_view>

namespace netkit::filesrv {

/// "text/plain; charset=utf-8" for "notes.txt"; application/octet-stream for what is not known.
std::string_view media_type(std::string_view name);

}  // namespace netkit::filesrv
